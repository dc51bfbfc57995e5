"""XML to and from a WMS: written by a serializer, read without entities, external files or surprises.

One element looks like several and an empty one like none: whoever reads asks for a list.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree.ElementTree import Element

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from orderhub.errors import ContractError

#: Name → text, a number, a tree, or a list of these: a repeated element.
Tree = Mapping[str, Any]
#: What XML 1.0 cannot carry, however it is escaped.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DEPTH = 32
#: More digits than this are a mistake.
_PIECES = re.compile(r"[0-9]{1,9}(\.0*)?")


def write(root: str, tree: Tree) -> bytes:
    """Return `tree` as a UTF-8 document; characters that XML cannot carry are left out."""
    element = Element(root)
    _fill(element, tree.items())
    content: bytes = ET.tostring(element, encoding="utf-8", xml_declaration=True)
    return content


def read(content: bytes) -> Element:
    """Return the root element of an answer.

    Raises:
        ContractError: not well-formed, nested too deeply, or with a document type or entities.
    """
    try:
        root: Element = fromstring(content, forbid_dtd=True)
    except (ET.ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise ContractError(f"WMS: the answer is no XML that may be read ({type(error).__name__})") from None
    if _is_deeper(root, _DEPTH):
        raise ContractError(f"WMS: the answer is nested more than {_DEPTH} deep")
    return root


def text_at(element: Element, path: str) -> str:
    """Return the text at `path`, without blanks around it; empty when it is not there."""
    return (element.findtext(path) or "").strip()


def whole(said: str) -> int | None:
    """Return pieces as a WMS writes them, 2 or 2.0; None where that is no whole number of them."""
    return int(said.partition(".")[0]) if _PIECES.fullmatch(said) else None


def _fill(parent: Element, items: Iterable[tuple[str, Any]]) -> None:
    for name, value in items:
        for one in value if isinstance(value, (list, tuple)) else (value,):
            if one is None:
                continue
            child = ET.SubElement(parent, name)
            if isinstance(one, Mapping):
                _fill(child, one.items())
            else:
                child.text = _FORBIDDEN.sub("", str(one))


def _is_deeper(root: Element, depth: int) -> bool:
    level = [root]
    for _ in range(depth):
        level = [child for element in level for child in element]
        if not level:
            return False
    return True
