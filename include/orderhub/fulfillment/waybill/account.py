"""One carrier's account at its waybill service."""

from dataclasses import dataclass

from orderhub.clock import Clock
from orderhub.config.carriers import WaybillAccount
from orderhub.config.models import MerchantConfig
from orderhub.connections import load_connection
from orderhub.errors import RefusedError
from orderhub.fulfillment.waybill.cainiao import Cainiao
from orderhub.fulfillment.waybill.kuaidi100 import Kuaidi100
from orderhub.fulfillment.waybill.label import WaybillService
from orderhub.settings import Settings

_SERVICES: dict[str, type[Cainiao] | type[Kuaidi100]] = {"cainiao": Cainiao, "kuaidi100": Kuaidi100}


@dataclass(frozen=True)
class WaybillDesk:
    """A carrier, its account as carriers.yaml says it, and the client that speaks to the service."""

    carrier_id: str
    account: WaybillAccount
    service: WaybillService


def open_waybill_desk(
    clock: Clock, settings: Settings, config: MerchantConfig, carrier_id: str
) -> WaybillDesk:
    """Return the account of a carrier.

    Raises:
        RefusedError: the carrier has none any more.
        ConfigError: its connection is unusable.
    """
    carrier = config.carriers.carrier(carrier_id)
    if carrier is None or carrier.waybill is None:
        raise RefusedError(f"carrier {carrier_id} has no waybill in carriers.yaml any more")
    account = carrier.waybill
    connection = load_connection(account.connection, settings.connections)
    code = carrier.codes.get(account.service, carrier_id.upper())
    return WaybillDesk(carrier_id, account, _SERVICES[account.service](connection, clock, account, code))
