"""Maps staged payloads to one model and merges them; one transaction per pass."""
