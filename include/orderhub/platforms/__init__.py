"""Pulling orders: the engine knows schemes, the platforms are data."""
