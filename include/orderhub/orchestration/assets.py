"""Assets are named after what they announce. An event is a wake-up; the database holds the work list."""

from airflow.sdk import Asset, AssetAny

from orderhub.platforms.spec import platform_names

CORE_ORDERS = Asset("core/orders", uri="orderhub://core/orders")


def staging(platform: str) -> Asset:
    """Return the asset that says: new versions of this platform's orders are staged."""
    return Asset(f"staging/{platform}", uri=f"orderhub://staging/{platform}")


def any_staging() -> AssetAny:
    """Return "any platform has news"; a plain list would mean all, and one dead platform stops all."""
    return AssetAny(*(staging(platform) for platform in platform_names()))
