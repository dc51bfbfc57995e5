"""SQL that reads what a platform asks of the carrier: services by name, carriers by its own codes."""

from collections.abc import Sequence

from orderhub.platforms.spec import Service
from orderhub.transform.payload_sql import Opened, literal

_NOTHING = "'{}'::text[]"
_IS_LIST = "left({text}, 1) = '[' and pg_input_is_valid({text}, 'jsonb')"
_LIST = "array(select jsonb_array_elements_text(({text})::jsonb))"


def services_column(opened: Opened, services: Sequence[Service]) -> str:
    """Return the column `service_tags` of a record: the services that it asks for."""
    cases = [
        f"case when {_is_asked(opened, service)} then {literal(service.service)} end"
        for service in services
        if service.service
    ]
    return f"{_without_nulls(cases)} as service_tags"


def carriers_column(opened: Opened, services: Sequence[Service]) -> str:
    """Return the column `required_carriers` of a record: codes of which the platform wants one."""
    parts = [_codes(opened, service) for service in services if not service.service]
    return f"{' || '.join(parts) if parts else _NOTHING} as required_carriers"


def _codes(opened: Opened, service: Service) -> str:
    if service.is_carrier_code:
        text = f"nullif({opened.text_at(service.path)}, '')"
        listed = f"case when {_IS_LIST} then {_LIST} when {{text}} is not null then array[{{text}}] end"
        return f"coalesce({listed.format(text=text)}, {_NOTHING})"
    wanted = f"array[{', '.join(literal(code) for code in service.carriers)}]::text[]"
    return f"case when {_is_asked(opened, service)} then {wanted} else {_NOTHING} end"


def _is_asked(opened: Opened, service: Service) -> str:
    text = opened.text_at(service.path)
    if "*" in service.any_of:
        return f"coalesce({text}, '') not in ('', '{{}}', '[]')"
    values = ", ".join(literal(value) for value in service.any_of)
    items = " or ".join(f"strpos({text}, {literal(_item(value))}) > 0" for value in service.any_of)
    return f"({text} in ({values}) or (left({text}, 1) = '[' and ({items})))"


def _item(value: str) -> str:
    return f'"{value}"'


def _without_nulls(cases: Sequence[str]) -> str:
    return f"array_remove(array[{', '.join(cases)}]::text[], null)" if cases else _NOTHING
