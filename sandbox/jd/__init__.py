"""The JD (JOS) gateway: protocol only; what it tells comes from `sandbox.world`."""
