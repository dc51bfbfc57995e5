"""Keeps what a waybill service answered: numbers, print tasks, refusals, and whom to tell."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, text

from orderhub.alerts.raising import Alert, close_alerts, raise_alerts
from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig
from orderhub.fulfillment.waybill import cainiao, kuaidi100
from orderhub.fulfillment.waybill.doubted import doubt_addresses
from orderhub.fulfillment.waybill.label import Answers, Label
from orderhub.fulfillment.wms.handover import enqueue_settled

REFUSED = "waybill_refused"
QUOTA = "waybill_quota"
_UNADDRESSED = "no_token: 平台没给收件人的 token / the platform gave no token of the receiver"
_GOT = text("""
    update core.waybills set state = 'got', tracking_number = :number, got_at = :now
    where object_id = :object_id and state = 'pending'
    returning object_id""")
_PRINT = text("""
    insert into core.print_tasks (fulfillment_order_id, manifest_id, service, template, data, made_at)
    select fulfillment_order_id, manifest_id, service, :template, cast(:data as jsonb), :now
    from core.waybills where object_id = :object_id and state = 'got'
    on conflict do nothing""")
_REFUSED = text("""
    update core.waybills set state = 'refused', answer = :why
    where object_id = :object_id and state = 'pending'
    returning fulfillment_order_id, order_id, warehouse_id, answer""")
_VOID = text("""
    update core.waybills set state = 'void', voided_at = :now
    where object_id = :object_id and state = 'void_requested'""")
#: Nobody prints it any more.
NO_PRINT = text("""
    delete from core.print_tasks as p using core.waybills as w
    where w.object_id = :object_id and w.fulfillment_order_id = p.fulfillment_order_id""")


@dataclass(frozen=True)
class Settler:
    """Writes the answers of one carrier's service, in the caller's transaction."""

    clock: Clock
    config: MerchantConfig
    carrier_id: str

    def keep(self, connection: Connection, answers: Answers) -> None:
        """Keep labels and refusals; each refusal is told, and what waited for its number is handed over.

        An address that was refused is doubted as if a check had found it.
        """
        self.keep_labels(connection, answers.labels)
        refused: list[Row[Any]] = []
        for object_id, why in answers.refused.items():
            refused += connection.execute(_REFUSED, {"object_id": object_id, "why": why[:200]}).all()
        tell_refused(connection, self.clock, self.config, refused)
        doubt_addresses(connection, self.clock, self.config, refused)
        enqueue_settled(connection, self.clock, list(answers.refused))

    def keep_labels(self, connection: Connection, labels: Sequence[Label]) -> None:
        """Keep numbers and print tasks; a label that is known already changes nothing."""
        now = self.clock.now()
        new: list[str] = []
        for label in labels:
            given = {
                "object_id": label.object_id,
                "number": label.tracking_number,
                "template": label.template,
                "data": json.dumps(dict(label.data), ensure_ascii=False),
                "now": now,
            }
            new += connection.execute(_GOT, given).scalars()
            connection.execute(_PRINT, given)
        enqueue_settled(connection, self.clock, new)
        if labels:
            close_alerts(connection, self.clock, QUOTA, [self.carrier_id])

    def void(self, connection: Connection, object_id: str) -> None:
        """Keep that a label was taken back; nobody prints it any more."""
        given = {"object_id": object_id, "now": self.clock.now()}
        connection.execute(_VOID, given)
        connection.execute(NO_PRINT, given)

    def note_trouble(self, connection: Connection, said: str) -> None:
        """Tell people when the numbers are used up; anything else passes by itself."""
        if cainiao.QUOTA in said or kuaidi100.QUOTA in said:
            raise_alerts(connection, self.clock, self.config, [_used_up(self.carrier_id)])


def tell_refused(
    connection: Connection, clock: Clock, config: MerchantConfig, refused: Sequence[Row[Any]]
) -> None:
    """Tell people of labels (fulfillment_order_id, warehouse_id, answer) that nobody will make."""
    alerts = [_refusal(row.fulfillment_order_id, row.warehouse_id, row.answer) for row in refused]
    raise_alerts(connection, clock, config, alerts)


def _refusal(fulfillment_order_id: str, warehouse_id: str, answer: str) -> Alert:
    why = _UNADDRESSED if answer == "no_token" else answer
    return Alert(
        rule_id=REFUSED,
        severity="warning",
        subject=fulfillment_order_id,
        fingerprint=why[:80],
        title_zh="面单服务拒绝出单",
        title_en="The waybill service refuses a label",
        text_zh=f"{why[:150]}。请在快递后台出这一单,或更正后作废重发。",
        text_en=f"{why[:150]}. Make this label at the carrier, or put the order right and void it.",
        warehouse_id=warehouse_id,
    )


def _used_up(carrier_id: str) -> Alert:
    return Alert(
        rule_id=QUOTA,
        severity="critical",
        subject=carrier_id,
        fingerprint=carrier_id,
        title_zh="单号用完了",
        title_en="The waybill numbers are used up",
        text_zh="请到快递网点充值单号;充好后自动继续。",
        text_en="Buy more at the carrier's branch; labels go on by themselves.",
    )
