"""How Chinese platforms write money and time."""

from datetime import datetime

from sandbox.world.platforms import BEIJING


def yuan(fen: int) -> str:
    """Return fen as yuan text: `"257.00"`."""
    sign, rest = ("-", -fen) if fen < 0 else ("", fen)
    return f"{sign}{rest // 100}.{rest % 100:02d}"


def beijing(at: datetime) -> str:
    """Return a time in Beijing without a zone: `"2026-11-23 12:05:00"`."""
    return at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")
