"""The Douyin shop gateway: protocol only; what it tells comes from `sandbox.world`."""
