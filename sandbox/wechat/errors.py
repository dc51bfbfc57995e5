"""Refusals as the platform words them: HTTP 200, `errcode`, `errmsg`."""

from sandbox.gateway.wire import RefusalError

BUSY = -1
INVALID_TOKEN = 40001
BAD_GRANT = 40002
BAD_APPID = 40013
BAD_URL = 40066
BAD_BODY = 40097
BAD_SECRET = 40125
FROZEN_SECRET = 40243
NO_TOKEN = 41001
EXPIRED_TOKEN = 42001
NEEDS_POST = 43002
QUOTA_OVER = 45009
MINUTE_QUOTA_OVER = 45011
NOT_JSON = 47001
NO_ORDER = 100002
LONG_WINDOW = 10020004
WRONG_STATE = 10020001
OTHER_SHOP = 10021043
NO_AFTER_SALE = 10021050


def wechat_error(code: int, message: str) -> RefusalError:
    """Return an error; the number of the request (`rid`) is added when it is encoded."""
    return RefusalError(str(code), {"errcode": code, "errmsg": message})
