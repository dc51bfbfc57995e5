"""Two connectors without a platform: what `platform new` writes, and one for what that does not use."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import yaml

from tests.contract.connector import Connector, Texts, connector_of, read_texts

HERE = Path(__file__).parent / "reference"
TEMPLATE = "newshop"


@cache
def numbered_texts() -> Texts:
    """Numbered pages, slim rows with details, a POST form, access tokens that are renewed."""
    return read_texts(HERE / "numbered")


@cache
def template_texts() -> Texts:
    """A cursor over whole records, REST, signed headers: the files that `orderhub platform new` writes."""
    from orderhub.operate.scaffold import rendered

    files = {Path(name).name: text for name, text in rendered(TEMPLATE, "新平台").items()}
    samples = {"orders": json.loads(files["order.json"]), "refunds": json.loads(files["refund.json"])}
    spec, contract = yaml.safe_load(files["platform.yaml"]), yaml.safe_load(files["contract.yaml"])
    return Texts(spec, files["fields.csv"], contract, samples)


TEXTS: dict[str, Callable[[], Texts]] = {"numbered": numbered_texts, TEMPLATE: template_texts}
REFERENCES: dict[str, Callable[[], Connector]] = {
    "numbered": cache(lambda: connector_of(numbered_texts())),
    TEMPLATE: cache(lambda: connector_of(template_texts())),
}
