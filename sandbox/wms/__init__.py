"""A warehouse's WMS that speaks Qimen (奇门), and a ledger of what it truly has and shipped."""
