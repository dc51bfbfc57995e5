"""The Pinduoduo gateway (POP): protocol only; what it tells comes from `sandbox.world`."""
