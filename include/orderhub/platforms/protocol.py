"""How one platform's calls are made, paged and refused: the protocol half of `platform.yaml`.

The engine knows schemes by name (encodings, signing, paging); it never knows a platform.
"""

import re
from string import Formatter
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, JsonValue, model_validator

from orderhub.config.frozen import Frozen
from orderhub.config.located_yaml import nearest
from orderhub.platforms.signing import SCHEMES
from orderhub.platforms.times import known_zones

#: What a call of a stream may hold, and what the call that renews tokens may.
_PLACEHOLDERS = ("start", "end", "page", "size", "cursor", "id", "seller_id")
_SECRETS = ("refresh_token", "app_key", "app_secret")
#: What a call that tells the platform something may hold; see writes.py.
WRITTEN = (
    "order_id", "parcel", "tracking_number", "carrier", "carrier_number", "carrier_name", "lines",
    "shipped_at", "seller_id", "refund_id",
)  # fmt: skip

#: What the call that asks which orders go to one receiver may hold; see merging.py.
MERGED = ("orders", "seller_id")

#: What the call that tells a shop's stock may hold.
STOCKED = (
    "item_id", "item_number", "sku_id", "sku_number", "merchant_code", "quantity", "version", "seller_id",
)  # fmt: skip


def placeholders_in(value: Any) -> set[str]:
    """Return the names of all placeholders inside a value, at every level."""
    match value:
        case dict():
            return set().union(*(placeholders_in(inner) for inner in value.values()))
        case list():
            return set().union(*(placeholders_in(inner) for inner in value))
        case str():
            named = {found for _, found, _, _ in Formatter().parse(value) if found is not None}
            return {found for found in named if not found.isdecimal()}
        case _:
            return set()


def _refuse_unknown_placeholders(value: Any) -> Any:
    known = [*_PLACEHOLDERS, *_SECRETS, *WRITTEN, *STOCKED, *MERGED]
    for placeholder in sorted(placeholders_in(value) - set(known)):
        raise ValueError(f"{{{placeholder}}} is not known; {nearest(placeholder, known)}")
    return value


def _known_zone(name: str) -> str:
    if name not in known_zones():
        raise ValueError(f"is not a time zone; {nearest(name, sorted(known_zones()))}")
    return name


def _pattern(expression: str) -> str:
    try:
        re.compile(expression)
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from None
    return expression


Parameters = Annotated[dict[str, JsonValue], AfterValidator(_refuse_unknown_placeholders)]
Zone = Annotated[str, AfterValidator(_known_zone)]
Pattern = Annotated[str, AfterValidator(_pattern)]


class Refusal(Frozen):
    """An error answer as it is recognised; what is not given always fits."""

    code: str | None = Field(default=None, description="The answer's main code.")
    sub_code: Pattern | None = Field(default=None, description="Regular expression on the sub code.")
    said: Pattern | None = Field(default=None, description="Regular expression on the message.")


class ErrorClass(Refusal):
    """What an error answer means for us; the first entry that matches decides."""

    means: Literal["throttle", "transient", "token", "credential", "request"] = Field(
        description="Wait and ask again, try again, renew the access token and ask again, stop this shop for "
        "a person, or correct the spec. Without auth, token counts as credential."
    )
    wait_pattern: Pattern | None = Field(
        default=None, description="Regular expression on the message; group 1 is the waiting time in seconds."
    )
    wait_seconds: float = Field(default=1, ge=0, description="Waiting time when the answer names none.")


class Envelope(Frozen):
    """Where an answer says that it failed: an error object, a code that is not one of success, or both."""

    error: str | None = Field(default=None, description="Path of the error object; absent on success.")
    success: tuple[str, ...] = Field(
        default=(), description="Values of code at the answer's top that mean success; absent is success too."
    )
    code: str = Field(description="Path inside the error object, or inside the answer when there is none.")
    sub_code: str | None = None
    message: str
    wait: str | None = Field(default=None, description="Path of the waiting time in seconds.")
    errors: tuple[ErrorClass, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _tells_failure(self) -> "Envelope":
        if self.error is None and not self.success:
            raise ValueError("give error (path of the error object) or success (codes that mean success)")
        return self


#: Said in so many words: a forgotten scheme must not send unsigned requests.
UNSIGNED = "none"


Encoding = Literal["form", "form_json", "json", "rest"]


class Result(Frozen):
    """A second layer of failure inside the body; codes are matched by sub_code of the envelope's errors.

    In its paths * is every item of a list.
    """

    success: str = Field(
        description="Path inside root; true, 1 or their texts mean success. a&b: all of them must say so."
    )
    code: str
    message: str


class Call(Frozen):
    """One method. Values may hold {start} {end} {page} {size} {cursor} {id} {seller_id}.

    {seller_id} is the platform's number of the shop, extra.seller_id of its connection.

    In JSON a value that is a placeholder alone keeps its type; `{page!s}` makes it text, `{1}` is a number.
    """

    method: str
    path: str = Field(default="", description="Appended to the endpoint; may hold {id}.")
    parameters: Parameters = Field(default={})
    root: str = Field(description="Path of the answer's body; empty: the answer itself.")
    json_texts: tuple[str, ...] = Field(
        default=(),
        description="Paths inside root whose text is JSON, decoded in place; * is every item of a list.",
    )
    result: Result | None = None


class Auth(Frozen):
    """How access tokens are had and renewed; without it the connection's token is all there is."""

    grant: Literal["refresh_token", "client_credentials"] = Field(
        description="refresh_token: a connection begins with extra.refresh_token. client_credentials: key "
        "and secret are enough."
    )
    endpoint: str | None = Field(
        default=None,
        description="Other host than the api's; a connection's extra.auth_host overrides it.",
    )
    encoding: Encoding | None = Field(default=None, description="Else the api's.")
    signed: bool = Field(description="Whether the call is signed as the others are.")
    call: Call = Field(description="May hold {refresh_token} {app_key} {app_secret}.")
    access_token: str = Field(description="Path inside root.")
    refresh_token: str | None = Field(default=None, description="Path inside root of the next one.")
    expires_in: str = Field(description="Path inside root of the seconds that the access token lasts.")
    renew_before_seconds: int = Field(default=600, ge=0, description="Renewed so long before its end.")

    @model_validator(mode="after")
    def _fillable(self) -> "Auth":
        refuse_others(self.call, _SECRETS)
        return self


class Budget(Frozen):
    """A documented limit of calls, shared by all tasks and processes."""

    calls: int = Field(ge=1)
    seconds: float = Field(gt=0)
    method: str | None = Field(default=None, description="Absent: all methods together.")
    per: Literal["app", "shop"] = Field(default="app", description="One budget per app key, or per shop.")


class Api(Frozen):
    """How calls are made."""

    endpoint: str = Field(description="Overridden by the connection's host when that is not empty.")
    encoding: Encoding = Field(
        default="form",
        description="form: everything flat in a POST form. form_json: the same, the call's parameters as one "
        "JSON text in body_parameter. json: the call's parameters are a JSON body, the others the query. "
        "rest: GET with the call's parameters as query, the others as headers.",
    )
    body_parameter: str | None = Field(
        default=None, description="Name of the JSON text: in the form (form_json), in the signature (json)."
    )
    signing: str = Field(description="Name of a scheme in signing.py, or none.")
    signed: tuple[str, ...] = Field(default=(), description="Parameters that are signed; empty means all.")
    sign_parameter: str = "sign"
    method_parameter: str | None = Field(default=None, description="Parameter that names the method.")
    common: dict[str, str] = Field(default={}, description="Parameters that every call carries.")
    headers: dict[str, str] = Field(default={}, description="Headers that every call carries.")
    account: dict[str, str] = Field(
        default={},
        description="Parameter → connection field: login, password, extra.<name>; token: the access token.",
    )
    timestamp_parameter: str | None = None
    timestamp_format: str = Field(
        default="epoch_s", description="strftime text (in zone; %z writes it), epoch_s or epoch_ms."
    )
    time_format: str | None = Field(
        default=None, description="Format of {start} and {end}; else timestamp_format."
    )
    nonce_parameter: str | None = Field(default=None, description="Parameter that no two calls share.")
    zone: Zone = Field(default="Asia/Shanghai", description="Zone of times in requests.")
    envelope: Envelope
    auth: Auth | None = None
    budgets: tuple[Budget, ...] = ()
    timeout_seconds: float = 20
    concurrency: int = Field(default=4, ge=1, le=16, description="Detail calls at once per shop.")

    @model_validator(mode="after")
    def _consistent(self) -> "Api":
        known = [*SCHEMES, UNSIGNED]
        if self.signing not in known:
            raise ValueError(f"signing {self.signing!r} does not exist; {nearest(self.signing, known)}")
        if self.encoding == "form_json" and self.body_parameter is None:
            raise ValueError("encoding form_json needs body_parameter, the name of the JSON text")
        if len(set(self.budgets)) != len(self.budgets):
            raise ValueError("budgets: the same budget is given twice")
        auth = self.auth
        if auth is not None and (auth.encoding or self.encoding) in ("form", "rest"):
            nested = [name for name, value in auth.call.parameters.items() if not isinstance(value, str)]
            if nested:
                raise ValueError(f"auth.call.parameters.{nested[0]} must be text: a form nests nothing")
        return self


def refuse_others(call: Call, known: tuple[str, ...]) -> None:
    """Refuse a call with a placeholder that means nothing there.

    Raises:
        ValueError: naming the placeholder.
    """
    groups = ("parameters", "count_parameters", "page_parameters")
    found = placeholders_in([call.path, *(getattr(call, group, {}) for group in groups)])
    for placeholder in sorted(found - set(known)):
        raise ValueError(
            f"{call.method}: {{{placeholder}}} means nothing here; {nearest(placeholder, list(known))}"
        )


class ListCall(Call):
    """A paged list of a window."""

    rows: str = Field(description="Path of the rows inside root; one object counts as a list of one.")
    total: str | None = Field(default=None, description="Path of the count inside root.")
    next_cursor: str | None = Field(default=None, description="Path of the next cursor inside root.")
    has_more: str | None = Field(default=None, description="Path inside root; false ends the window.")
    id: str = Field(description="Path of the record id inside a row; empty: the row is the id.")
    modified: str | None = Field(default=None, description="Path of the modified time inside a row.")
    count_parameters: Parameters = Field(default={}, description="What changes when only the count is asked.")
    page_parameters: Parameters = Field(default={}, description="What changes when a page is read.")
    first_page: int = Field(default=1, ge=0, le=1, description="Number of the first page.")
    page_size: int = Field(ge=1, le=500)
    page_cap: int | None = Field(
        default=None, ge=1, description="Pages that can be read; a window with more is split in two."
    )
    is_complete: bool = Field(description="False: rows are slim, each needs a detail call.")


class DetailCall(Call):
    """The whole record of one id; `root` is the record."""

    id: str | None = Field(
        default=None, description="Path of the id inside the record; absent: as in the list's rows."
    )


class Window(Frozen):
    """How time is cut."""

    live_minutes: int = Field(description="Length of the newest window at most.")
    catch_up_minutes: int = Field(description="Length of a window that closes a gap at most.")
    lag_seconds: int = Field(description="Windows end this long before the platform's present.")


class PlainReceiver(Frozen):
    """Keys of a receiver that the platform gives in clear, inside the object at `at`."""

    at: str = Field(description="Path of the object; masks, keyed hashes and the region replace it whole.")
    name: str
    phone: str
    address: str = Field(description="Street and house; may repeat the region.")
    province: str | None = None
    city: str | None = None
    district: str | None = None
    town: str | None = None


class Plain(Frozen):
    """Personal data that the platform gives in clear: replaced before a record is stored or hashed."""

    receiver: PlainReceiver | None = None
    names: tuple[str, ...] = Field(default=(), description="Paths of other names, masked.")
    texts: tuple[str, ...] = Field(
        default=(), description="Paths of what people wrote; phone and identity numbers in it are masked."
    )
    dropped: tuple[str, ...] = Field(default=(), description="Paths that are never stored.")


class Stream(Frozen):
    """One kind of record, or one more list of a kind that another stream names."""

    into: str | None = Field(
        default=None, description="Stream whose table and meaning these records share; absent: its own."
    )
    id_prefix: str = Field(
        default="", description="Written before ids whose numbers could be those of other records there."
    )
    paging: Literal["pages", "cursor"] = Field(
        description="pages: by number, read last to first, proven by counting. cursor: until it ends."
    )
    window: Window
    list: ListCall
    detail: DetailCall | None = None
    by_id: DetailCall | None = Field(
        default=None,
        description="The whole record of one id, asked for before its order is handed over; absent: detail.",
    )
    volatile: tuple[str, ...] = Field(
        default=(), description="Top-level keys that change by themselves; not part of the version."
    )
    plain: Plain | None = Field(
        default=None, description="Only where the platform gives personal data in clear."
    )

    @model_validator(mode="after")
    def _fillable(self) -> "Stream":
        for call in (self.list, self.detail, self.by_id):
            if call is not None:
                refuse_others(call, _PLACEHOLDERS)
        return self

    @model_validator(mode="after")
    def _askable(self) -> "Stream":
        if self.id_prefix and self.detail is not None:
            raise ValueError("id_prefix is for lists of whole records: a detail call needs the plain id")
        return self

    @model_validator(mode="after")
    def _whole_records(self) -> "Stream":
        if not self.list.is_complete and self.detail is None:
            raise ValueError("list.is_complete is false, so a detail call must be given")
        if self.paging == "pages" and self.list.total is None:
            raise ValueError("paging pages proves a window by counting, so list.total must be given")
        if self.paging == "cursor" and self.list.next_cursor is None:
            raise ValueError("paging cursor needs list.next_cursor")
        return self
