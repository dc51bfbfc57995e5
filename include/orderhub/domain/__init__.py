"""The merchant's domain, standard library only: routing, stock, addresses, phones."""
