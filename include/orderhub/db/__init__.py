"""The database: the door, leases, migrations, COPY, windows, outbox."""
