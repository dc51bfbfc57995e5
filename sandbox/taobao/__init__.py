"""The Taobao/Tmall gateway: protocol only; what it tells comes from `sandbox.world`."""
