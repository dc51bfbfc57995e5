"""Speaks through the robots of chat groups: DingTalk, WeCom, Feishu; text messages to their webhooks.

The connection holds what the group's settings show: `password` is the key at the end of the webhook's
address (or the whole address), `extra.secret` the secret of 加签 / 签名校验, where that is switched on.
`host` overrides the chat's own address. Neither secret ever reaches a log line or an error.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import requests

from orderhub.connections import Connection
from orderhub.errors import ConfigError, TransientError
from orderhub.platforms.payload import quotable

_TIMEOUT_SECONDS = 10
#: WeCom takes 2048 bytes of text, the others more; beyond, the end is cut.
_MOST_BYTES = 2000
Kind = Literal["dingtalk", "wecom", "feishu"]


@dataclass(frozen=True)
class _Call:
    path: str
    query: Mapping[str, str]
    body: Mapping[str, Any]


def say(kind: Kind, connection: Connection, said: str, now: datetime) -> dict[str, Any]:
    """Let a robot say something, and return the chat's answer: its code and message.

    Args:
        kind: which chat.
        connection: of the robot.
        said: plain text; a link in it can be clicked.
        now: signs the message; the chats refuse what is an hour off.

    Raises:
        ConfigError: the connection lacks the key.
        TransientError: not taken; the message names the chat's code. A wrong key or secret is among these:
            what was said waits until a person has corrected it.
    """
    token = connection.password.get_secret_value().rpartition("=")[2].rpartition("/")[2]
    if not token:
        raise ConfigError(f"{kind} robot: the connection has no password; it is the webhook's key")
    secret = str(connection.extra.get("secret", ""))
    host, make = _CHATS[kind]
    call = make(token, secret, _shortened(said), now)
    try:
        answer = requests.post(
            _address(connection, host) + call.path,
            params=call.query,
            json=call.body,
            timeout=_TIMEOUT_SECONDS,
            allow_redirects=False,
        )
        taken = answer.json()
    except (requests.RequestException, ValueError) as error:
        # Their texts quote the address, and that holds the key.
        raise TransientError(f"{kind} robot: {type(error).__name__}; is it in reach?") from None
    code, message = _said(taken if isinstance(taken, dict) else {}, token, secret)
    if code != "0":
        raise TransientError(f"{kind} robot: code {code}, HTTP {answer.status_code}: {message}")
    return {"code": 0, "message": message}


def _said(answer: Mapping[str, Any], *secrets: str) -> tuple[str, str]:
    """Return code and message, of any type; a chat may repeat the key that it does not know."""
    code = answer.get("errcode", answer.get("code", answer.get("StatusCode")))
    message = str(answer.get("errmsg", answer.get("msg", answer.get("StatusMessage", ""))))
    for secret in filter(None, secrets):
        message = message.replace(secret, "…")
    return quotable(str(code), 40), quotable(message, 200)


def _address(connection: Connection, host: str) -> str:
    if not connection.host:
        return host
    address = connection.host if "://" in connection.host else f"http://{connection.host}"
    return f"{address}:{connection.port}" if connection.port else address


def _shortened(said: str) -> str:
    whole = said.encode()
    return said if len(whole) <= _MOST_BYTES else whole[:_MOST_BYTES].decode(errors="ignore") + " …"


def _dingtalk(token: str, secret: str, said: str, now: datetime) -> _Call:
    query = {"access_token": token}
    if secret:
        stamp = str(int(now.timestamp() * 1000))
        query |= {"timestamp": stamp, "sign": _hmac(secret, f"{stamp}\n{secret}")}
    return _Call("/robot/send", query, {"msgtype": "text", "text": {"content": said}})


def _wecom(token: str, _secret: str, said: str, _now: datetime) -> _Call:
    return _Call("/cgi-bin/webhook/send", {"key": token}, {"msgtype": "text", "text": {"content": said}})


def _feishu(token: str, secret: str, said: str, now: datetime) -> _Call:
    body: dict[str, Any] = {"msg_type": "text", "content": {"text": said}}
    if secret:
        stamp = str(int(now.timestamp()))
        # Here the text that DingTalk signs is the key, and nothing is signed with it.
        body |= {"timestamp": stamp, "sign": _hmac(f"{stamp}\n{secret}", "")}
    return _Call(f"/open-apis/bot/v2/hook/{token}", {}, body)


def _hmac(key: str, message: str) -> str:
    return base64.b64encode(hmac.new(key.encode(), message.encode(), hashlib.sha256).digest()).decode()


_CHATS: dict[Kind, tuple[str, Callable[[str, str, str, datetime], _Call]]] = {
    "dingtalk": ("https://oapi.dingtalk.com", _dingtalk),
    "wecom": ("https://qyapi.weixin.qq.com", _wecom),
    "feishu": ("https://open.feishu.cn", _feishu),
}
