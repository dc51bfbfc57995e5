"""The only part that imports Airflow: turns the hub's functions into tasks."""
