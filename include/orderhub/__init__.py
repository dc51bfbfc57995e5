"""orderhub: pulls every order, keeps one truth, ships once, explains each decision."""
