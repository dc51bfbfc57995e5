"""Roles and databases of a server that the hub itself started; never used on somebody else's server."""

from dataclasses import dataclass

from sqlalchemy import text

from orderhub.db.engine import Database


@dataclass(frozen=True)
class Passwords:
    """One password per role that logs in; letters, digits, `-` and `_` only."""

    owner: str
    app: str
    analyst: str
    pii: str
    airflow: str


def create_roles(admin: Database, passwords: Passwords) -> None:
    """Create the five roles, or give existing ones these passwords.

    Args:
        admin: any database of the server as superuser.
        passwords: what the roles log in with from now on.
    """
    wanted = {
        "orderhub_owner": ("createrole", passwords.owner),
        "orderhub_app": ("", passwords.app),
        "orderhub_analyst": ("", passwords.analyst),
        "orderhub_pii": ("", passwords.pii),
        "airflow": ("", passwords.airflow),
    }
    with admin.session() as session:
        present = set(session.execute(text("select rolname from pg_roles")).scalars())
        for role, (rights, password) in wanted.items():
            verb = "alter" if role in present else "create"
            session.exec_driver_sql(f"{verb} role {role} login {rights} password '{password}'")
        session.exec_driver_sql("alter role orderhub_analyst set default_transaction_read_only = on")
        session.exec_driver_sql("alter role orderhub_analyst set statement_timeout = '60s'")


def create_databases(admin: Database) -> None:
    """Create the databases `orderhub` and `airflow` where they are missing.

    Airflow's own may lose the last half second in a crash of the machine (`synchronous_commit` off): its
    scheduler recovers from that, and orders are never in it.
    """
    with admin.session() as session:
        present = set(session.execute(text("select datname from pg_database")).scalars())
        for name, owner in (("orderhub", "orderhub_owner"), ("airflow", "airflow")):
            if name not in present:
                session.exec_driver_sql(f"create database {name} owner {owner}")
                session.exec_driver_sql(f"revoke connect on database {name} from public")
        session.exec_driver_sql(
            "grant connect on database orderhub to orderhub_app, orderhub_analyst, orderhub_pii"
        )
        session.exec_driver_sql("alter database airflow set synchronous_commit = off")
