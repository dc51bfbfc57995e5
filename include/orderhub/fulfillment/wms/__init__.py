"""The warehouse's own system (WMS), over Qimen (奇门): delivery orders to it, stock and parcels from it."""
