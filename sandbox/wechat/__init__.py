"""WeChat Shop's gateway (微信小店): no signature, a token in the address, lists of ids."""
