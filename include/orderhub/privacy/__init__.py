"""Personal data: masks and keyed hashes that replace it."""
