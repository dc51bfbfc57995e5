"""XML in and out. A repeated element is always asked for as a list, as one item looks like several."""

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from typing import Any

from defusedxml.ElementTree import fromstring

Tree = Mapping[str, Any]


def read(body: bytes) -> ET.Element:
    """Return the root of a request.

    Raises:
        ValueError: not well-formed, or it holds a DTD or entities.
    """
    try:
        root: ET.Element = fromstring(body, forbid_dtd=True)
    except ET.ParseError as error:
        raise ValueError(f"not well-formed: {error}") from None
    return root


def text_of(element: ET.Element, path: str) -> str:
    """Return the text at `path`, or nothing."""
    return (element.findtext(path) or "").strip()


def answer(flag: str, code: str, message: str, rest: Tree | None = None) -> bytes:
    """Return a reply: flag, code, message and what else there is."""
    return document("response", {"flag": flag, "code": code, "message": message, **(rest or {})})


def document(root: str, tree: Tree) -> bytes:
    """Return an XML document; a list under `orders` becomes several elements with the key's own name."""
    element = ET.Element(root)
    _fill(element, tree.items())
    return ET.tostring(element, encoding="utf-8", xml_declaration=True)


def _fill(parent: ET.Element, items: Iterable[tuple[str, Any]]) -> None:
    for name, value in items:
        for one in value if isinstance(value, list) else [value]:
            child = ET.SubElement(parent, name)
            if isinstance(one, Mapping):
                _fill(child, one.items())
            else:
                child.text = str(one)
