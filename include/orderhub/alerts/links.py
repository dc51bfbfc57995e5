"""Where a message leads: addresses of the Airflow UI, whose beginning only the sending process knows."""

from urllib.parse import quote

#: Stands for the address of the Airflow UI.
LINK = "{airflow_url}"


def resume_source_link() -> str:
    """Return the address of the form in which a person lets a stopped source go on."""
    return f"{LINK}/dags/resume_source"


def decide_hold_link(hold_id: str) -> str:
    """Return the address of the form in which a person decides about a hold, with the hold filled in.

    It is the plugin's page: Airflow's own trigger form takes no values from an address.
    """
    return f"{LINK}/orderhub/decide?hold_id={quote(hold_id, safe='')}"
