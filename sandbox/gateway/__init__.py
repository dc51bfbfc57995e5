"""What all gateways have in common; a platform's folder adds its dialect and its view of the world."""
