"""Running a hub: start, verify, explain, measure."""
