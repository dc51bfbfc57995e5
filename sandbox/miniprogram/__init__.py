"""The backend of a merchant's own mini-program shop: the REST interface that we ask a developer for."""
