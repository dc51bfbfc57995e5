"""The receiver as the gateway shows it: ciphertext, masks, the region in clear, and one id per address."""

import base64
import hashlib
from typing import Any

from sandbox.world.model import Order


def receiver_row(order: Order) -> dict[str, Any]:
    """Return the receiver's fields of a shop order; nothing in them is the plain name, phone or street."""
    receiver = order.receiver
    region = {
        "province": _place(receiver.state),
        "city": _place(receiver.city),
        "town": _place(receiver.district),
        "street": _place(receiver.town),
    }
    masked = f"{receiver.address[0]}***号**幢***室"
    return {
        "post_receiver": "",
        "post_tel": "",
        "encrypt_post_receiver": f"##{_cipher(order, 'name', receiver.name)}#1##",
        "encrypt_post_tel": f"$${_cipher(order, 'tel', receiver.mobile)}$1$$",
        "mask_post_receiver": f"{receiver.name[0]}**",
        "mask_post_tel": f"{receiver.mobile[:3]}****{receiver.mobile[-4:]}",
        "post_addr": {
            **region,
            "detail": "",
            "encrypt_detail": f"##{_cipher(order, 'detail', receiver.address)}#1##",
        },
        "mask_post_addr": {**region, "detail": masked},
        "open_address_id": address_id(order),
    }


def address_id(order: Order) -> str:
    """Return what is equal for orders of one buyer to one receiver at one address."""
    receiver = order.receiver
    place = f"{receiver.city}|{receiver.district}|{receiver.address}"
    text = f"{order.shop_id}|{order.buyer.open_uid}|{receiver.name}|{receiver.mobile}|{place}"
    return f"#{_digest(text)}"


def _cipher(order: Order, field: str, plain: str) -> str:
    return _digest(f"{order.order_id}|{field}|{plain}")


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha512(text.encode()).digest()).decode()


def _place(name: str) -> dict[str, str]:
    number = int(hashlib.sha256(name.encode()).hexdigest(), 16) % 1_000_000
    return {"name": name, "id": f"{number:06d}" if name else ""}
