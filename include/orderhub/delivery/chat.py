"""Puts a chat message together: language, link, and a word when it may have come before."""

from collections.abc import Mapping
from typing import Any, Literal

from orderhub.alerts.links import LINK

_AGAIN = {"zh": "(重发,可能与前一条重复)", "en": "(sent again; may repeat the one before)"}


def build_chat(
    payload: Mapping[str, Any], attempts: int, language: Literal["zh", "en"], airflow_url: str
) -> str:
    """Return the text of a chat message.

    Args:
        payload: `title` and `text`, and perhaps the same two under `en`.
        attempts: how often it was tried before; the answer may have been lost.
        language: which texts; Chinese when there is no English one.
        airflow_url: where links point.
    """
    texts = payload.get(language, payload)
    again = f" {_AGAIN[language]}" if attempts else ""
    return f"{texts['title']}{again}\n{texts['text']}".replace(LINK, airflow_url)
