"""From a checked order to the list a warehouse gets: stock, routing, reservations, cut-offs, manifests."""
