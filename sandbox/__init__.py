"""The outside world in a box: a seeded merchant behind local HTTP and SMTP sockets.

It stands in for accounts nobody can start with. It shares no code with the package that pulls from it.
"""
