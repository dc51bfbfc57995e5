"""Robots of chat groups: DingTalk, WeCom, Feishu. They check key and signature, and keep what was said.

Written from the chats' documents: DingTalk signs the time in milliseconds, a line feed and the secret with
the secret, in the query; Feishu takes seconds, the same text as the key, nothing as the message, in the body;
WeCom does not sign. Both take a time that is at most an hour off. All answer HTTP 200 with a code.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from sandbox.gateway.text import beijing
from sandbox.pages import page

ALLOWED_SKEW_SECONDS = 3600
WECOM_BYTES = 2048


@dataclass(frozen=True, slots=True)
class Said:
    """One message as a group saw it."""

    chat: str
    text: str
    said_at: datetime


@dataclass(slots=True)
class Robots:
    """One robot per chat, keys fixed by the seed. `busy` counts how many messages shall still be refused."""

    seed: int
    clock: Callable[[], datetime]
    said: list[Said] = field(default_factory=list)
    busy: int = 0

    def key(self, chat: str) -> str:
        """Return the key at the end of the webhook's address."""
        return _key(self.seed, chat)

    def secret(self, chat: str) -> str:
        """Return the secret that signs, empty for WeCom."""
        return _secret(self.seed, chat)

    def dingtalk(self, query: Mapping[str, str], body: Mapping[str, Any]) -> tuple[int, str]:
        """Return code and message for one call."""
        if query.get("access_token") != self.key("dingtalk"):
            return 300005, "token is not exist"
        stamp, secret = query.get("timestamp", ""), self.secret("dingtalk")
        if self._is_skewed(stamp, 1000) or query.get("sign") != _hmac(secret, f"{stamp}\n{secret}"):
            return 310000, "sign not match"
        return self._keep("dingtalk", body.get("text", {}).get("content", ""), 130101)

    def wecom(self, query: Mapping[str, str], body: Mapping[str, Any]) -> tuple[int, str]:
        """Return code and message for one call."""
        if query.get("key") != self.key("wecom"):
            return 93000, "invalid webhook url"
        text = body.get("text", {}).get("content", "")
        if len(text.encode()) > WECOM_BYTES:
            return 40058, "text.content exceed max length 2048"
        return self._keep("wecom", text, 45009)

    def feishu(self, key: str, body: Mapping[str, Any]) -> tuple[int, str]:
        """Return code and message for one call."""
        if key != self.key("feishu"):
            return 19001, "param invalid: incoming webhook access token invalid"
        stamp = str(body.get("timestamp", ""))
        if self._is_skewed(stamp, 1) or body.get("sign") != _hmac(f"{stamp}\n{self.secret('feishu')}", ""):
            return 19021, "sign match fail or timestamp is not within one hour from current time"
        return self._keep("feishu", body.get("content", {}).get("text", ""), 11232)

    def routes(self) -> list[Route]:
        """Return the webhooks, what was said as JSON and as a page, and the switch that makes them busy."""
        return [
            Route("/robot/send", self._dingtalk, methods=["POST"]),
            Route("/cgi-bin/webhook/send", self._wecom, methods=["POST"]),
            Route("/open-apis/bot/v2/hook/{key}", self._feishu, methods=["POST"]),
            Route("/admin/robots", self._list),
            Route("/admin/robot_faults", self._faults, methods=["POST"]),
            Route("/robots", self._page),
        ]

    async def _dingtalk(self, request: Request) -> Response:
        code, message = self.dingtalk(request.query_params, json.loads(await request.body()))
        return JSONResponse({"errcode": code, "errmsg": message})

    async def _wecom(self, request: Request) -> Response:
        code, message = self.wecom(request.query_params, json.loads(await request.body()))
        return JSONResponse({"errcode": code, "errmsg": message})

    async def _feishu(self, request: Request) -> Response:
        code, message = self.feishu(request.path_params["key"], json.loads(await request.body()))
        return JSONResponse({"code": code, "msg": message, "data": {}})

    async def _list(self, _request: Request) -> Response:
        rows = [{"chat": one.chat, "text": one.text, "said_at": one.said_at.isoformat()} for one in self.said]
        return JSONResponse({"said": rows})

    async def _faults(self, request: Request) -> Response:
        self.busy = int(json.loads(await request.body())["busy"])
        return JSONResponse({"busy": self.busy})

    async def _page(self, _request: Request) -> Response:
        rows = "".join(
            f"<tr><td>{beijing(one.said_at)}</td><td>{one.chat}</td><td><pre>{escape(one.text)}</pre></td></tr>"
            for one in reversed(self.said)
        )
        return HTMLResponse(page("群消息", f'<p><a href="/">返回</a></p><table>{rows}</table>'))

    def _is_skewed(self, stamp: str, per_second: int) -> bool:
        if not stamp.isdecimal():
            return True
        return abs(int(stamp) / per_second - self.clock().timestamp()) > ALLOWED_SKEW_SECONDS

    def _keep(self, chat: str, text: str, busy_code: int) -> tuple[int, str]:
        if self.busy > 0:
            self.busy -= 1
            return busy_code, "send too fast"
        self.said.append(Said(chat, text, self.clock()))
        return 0, "ok"


def _hmac(key: str, message: str) -> str:
    return base64.b64encode(hmac.new(key.encode(), message.encode(), hashlib.sha256).digest()).decode()


def robot_connections(seed: int, base: str) -> dict[str, dict[str, Any]]:
    """Return `robot_<chat>` in Airflow's JSON form."""
    return {
        f"robot_{chat}": {
            "conn_type": "http",
            "host": base,
            "password": _key(seed, chat),
            "extra": {"secret": _secret(seed, chat)},
        }
        for chat in ("dingtalk", "wecom", "feishu")
    }


def _key(seed: int, chat: str) -> str:
    return hashlib.sha256(f"robot:{seed}:{chat}".encode()).hexdigest()


def _secret(seed: int, chat: str) -> str:
    return "" if chat == "wecom" else f"SEC{_key(seed, chat + ':secret')}"
