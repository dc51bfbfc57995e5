"""All cases of the contract, by name."""

from tests.contract import (
    cases_mapping,
    cases_paging,
    cases_records,
    cases_requests,
    cases_stock,
    cases_trouble,
)
from tests.contract.case import Case

CASES: dict[str, Case] = {
    **cases_requests.CASES,
    **cases_paging.CASES,
    **cases_trouble.CASES,
    **cases_records.CASES,
    **cases_mapping.CASES,
    **cases_stock.CASES,
}
