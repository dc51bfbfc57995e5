"""How the call that renews an access token differs from the others, and what its answer gives."""

from datetime import datetime, timedelta
from typing import Any

from orderhub.connections import Connection
from orderhub.errors import ConfigError, CredentialError
from orderhub.platforms.payload import at_path, quotable
from orderhub.platforms.protocol import UNSIGNED, Api, Auth
from orderhub.platforms.token_store import Granted

#: The account field that stands for the current access token.
ACCESS_TOKEN = "token"  # noqa: S105 - the name of a field
#: No token lasts thirty years: a larger number is an instant, in seconds since 1970.
_LONGEST_SECONDS = 1_000_000_000


def authorizing_api(api: Api, auth: Auth) -> Api:
    """Return how the renewing call is made: without a token, and bare when it is not signed."""
    changed: dict[str, Any] = {"encoding": auth.encoding or api.encoding}
    if auth.signed:
        tokens = {name for name, field in api.account.items() if field == ACCESS_TOKEN}
        changed["account"] = {name: field for name, field in api.account.items() if name not in tokens}
        changed["signed"] = tuple(name for name in api.signed if name not in tokens)
    else:
        bare = ("method_parameter", "timestamp_parameter", "nonce_parameter")
        changed |= {"signing": UNSIGNED, "account": {}, "common": {}, **dict.fromkeys(bare)}
    return api.model_copy(update=changed)


def authorizing_endpoint(auth: Auth, connection: Connection, endpoint: str) -> str:
    """Return where the renewing call goes.

    Raises:
        ConfigError: the connection names another host for calls, and none for tokens: the account would be
            sent to the platform's own.
    """
    named = str(connection.extra.get("auth_host", ""))
    if named or auth.endpoint is None:
        return named or endpoint
    if connection.host:
        raise ConfigError(
            f"the connection overrides the host and not the one that renews tokens ({auth.endpoint}); "
            "add extra.auth_host to it"
        )
    return auth.endpoint


def granted_by(auth: Auth, body: Any, now: datetime) -> Granted:
    """Return the tokens in an answer that is no known refusal.

    Raises:
        CredentialError: there are none.
    """
    access = at_path(body, auth.access_token)
    if not isinstance(access, str) or not access:
        has = quotable(", ".join(body)) if isinstance(body, dict) else type(body).__name__
        raise CredentialError(f"{auth.call.method}: the answer gives no token; it has {has}")
    refresh = at_path(body, auth.refresh_token) if auth.refresh_token is not None else None
    kept = refresh if isinstance(refresh, str) and refresh else None
    return Granted(access, kept, _lasts(at_path(body, auth.expires_in), now))


def _lasts(said: Any, now: datetime) -> timedelta | None:
    try:
        seconds = float(said)
    except (TypeError, ValueError):
        return None  # The token counts all the same: it is used until it is refused.
    if seconds > _LONGEST_SECONDS:
        seconds -= now.timestamp()
    return timedelta(seconds=min(max(seconds, 0.0), _LONGEST_SECONDS))
