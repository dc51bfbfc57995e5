"""What is true in the sandbox: goods, people, orders and what happened to them."""
