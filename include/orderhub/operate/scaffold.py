"""`orderhub platform new`: the files of a new platform's connector, written where nothing is yet."""

import keyword
import re
from pathlib import Path

from orderhub import paths
from orderhub.errors import ConfigError

#: Template in include/scaffold → file of the checkout. The same six places as every shipped platform.
PLACES = {
    "extract.py": "dags/extract_{name}.py",
    "platform.yaml": "include/platforms/{name}/platform.yaml",
    "fields.csv": "include/platforms/{name}/fields.csv",
    "contract.yaml": "tests/platforms/{name}/contract.yaml",
    "order.json": "tests/platforms/{name}/order.json",
    "refund.json": "tests/platforms/{name}/refund.json",
    "test.py": "tests/platforms/{name}/test_{name}.py",
    "page.md": "docs/platforms/{name}.md",
}
_NAME = re.compile(r"[a-z][a-z0-9_]{1,30}")


def rendered(name: str, title: str) -> dict[str, str]:
    """Return file of the checkout → text for a platform called `name`, shown as `title`."""
    folder = paths.project_root() / "include" / "scaffold"
    files = {}
    for template, place in PLACES.items():
        text = (folder / f"{template}.template").read_text(encoding="utf-8")
        files[place.format(name=name)] = text.replace("{{name}}", name).replace("{{title}}", title)
    return files


def write_platform(name: str, title: str) -> list[str]:
    """Write the files of a new platform into the checkout and return their names.

    Raises:
        ConfigError: the name or title cannot be used, or one of the files exists; nothing was written.
    """
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise ConfigError(
            f"platform name {name!r} must be 2 to 31 lower-case letters, digits or _, a letter first; "
            "for example my_shop"
        )
    if not title.strip() or not title.isprintable() or set(title) & set("{}\"'#:,[]`\\"):
        raise ConfigError(f"title {title!r} must be a plain name, without quotes, colons, commas or brackets")
    root = paths.project_root()
    files = rendered(name, title)
    taken = [file for file in files if (root / file).exists()]
    if taken:
        raise ConfigError(f"platform {name!r} exists: {taken[0]}; choose another name, or edit what is there")
    for file, text in files.items():
        _write(root / file, text)
    return list(files)


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("x", encoding="utf-8") as opened:
        opened.write(text)
