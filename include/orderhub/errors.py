"""Every error orderhub raises, grouped by what the caller should do.

    OrderhubError
    ├── StopError          a person must act; retrying cannot help
    │   ├── ConfigError        a file or setting is wrong (names file, line, key, value, nearest valid)
    │   │   └── RequestRefused     a platform refuses what it is asked: this range, this id, or the whole call
    │   ├── ShopError          one shop waits for a person, who is told once; the others go on
    │   │   ├── RemovedFieldError  a whole page lacks a field that is required; the protocol changed
    │   │   └── CredentialError    a token is missing, refused or expired
    │   │       └── TokenError         the access token is over; renewed once where the platform allows
    │   ├── EnvironmentFault   port, disk, data directory, missing program
    │   ├── SchemaVersionError code and database do not belong together
    │   └── RefusedError       the other side will never take what was sent
    ├── RetryError         the same call may succeed later
    │   ├── TransientError     network, 5xx, platform says "try again"
    │   ├── ThrottledError     the platform named a waiting time
    │   ├── ContractError      the answer is not what the protocol documents
    │   ├── DatabaseFault      lost connection, deadlock, lock timeout (code and constraint only)
    │   │   └── LocksTaken         somebody else holds what it needs, for longer than it would wait
    │   ├── StockTaken         pieces were promised to somebody else in between; decide again
    │   ├── ClosesAlone        another list that closes now decides too what is on this one; wait for it
    │   └── ClosesLater        orders of this list are being checked just now; it closes when they are
    ├── SkipError          nothing to do here; not a failure
    │   ├── LeaseTaken         somebody else works on this scope now
    │   ├── FileRejected       a dropped file cannot be taken; it moves to rejected/ with a report
    │   ├── FileChanges        a dropped file was written to while it was read; it is taken the next time
    │   ├── Unsettled          some of what was sent has no clear answer yet; that is asked for again
    │   ├── NotTaken           a platform does not take what it is told now, and says why
    │   └── AlreadyDone        the effect exists already
    └── FencedError        our lease was taken over; roll back, never retry

Bad business data is not here: it is a row in `core.anomalies`.
"""


class OrderhubError(Exception):
    """Root of all errors that orderhub raises on purpose."""


class StopError(OrderhubError):
    """A person must act; retrying cannot help."""


class ConfigError(StopError):
    """A configuration or spec file is wrong; the message names file, key, value and the nearest valid one."""


class RequestRefused(ConfigError):  # noqa: N818 - an outcome, named like one
    """A platform refuses what it is asked; it may take the same call with another range or id."""


class ShopError(StopError):
    """One shop cannot be pulled until a person acts; the others go on."""


class RemovedFieldError(ShopError):
    """A whole page lacks a field that is required: the protocol changed, and a person must look."""


class CredentialError(ShopError):
    """A platform refuses our token or signature; only that shop stops."""


class TokenError(CredentialError):
    """The access token is over; where it can be renewed, that is done once and the call made again."""


class EnvironmentFault(StopError):  # noqa: N818 - a fault, named like one
    """The machine lacks something: a port, disk space, a usable data directory."""


class SchemaVersionError(StopError):
    """The database was migrated by another version of the code."""


class RefusedError(StopError):
    """The other side will never take this effect; sending it again cannot help."""


class RetryError(OrderhubError):
    """The same call may succeed later."""


class TransientError(RetryError):
    """The network or the platform's back end failed for the moment."""


class ThrottledError(RetryError):
    """The platform asks us to wait.

    Attributes:
        wait_seconds: the ban the platform named, in seconds.
    """

    def __init__(self, message: str, wait_seconds: float) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


class ContractError(RetryError):
    """The answer does not have the documented shape; nothing of it was stored."""


class DatabaseFault(RetryError):  # noqa: N818 - a fault, named like one
    """The database refused or vanished; carries SQLSTATE and constraint, never row values."""


class LocksTaken(DatabaseFault):
    """Somebody else holds a row or a table for longer than we would wait."""


class StockTaken(RetryError):  # noqa: N818 - an outcome, named like one
    """Pieces were promised to somebody else between our decision and our promise; decide again."""


class ClosesAlone(RetryError):  # noqa: N818 - an outcome, named like one
    """What is on a list, or collected for it, depends on one that may close beside it: it closes alone."""


class ClosesLater(RetryError):  # noqa: N818 - an outcome, named like one
    """Orders that are due were merged by a large pass and are not judged yet: the cut-off stays open."""


class SkipError(OrderhubError):
    """Nothing to do here; not a failure."""


class LeaseTaken(SkipError):  # noqa: N818 - an outcome, named like one
    """Somebody else holds the lease on this scope."""


class FileRejected(SkipError):  # noqa: N818 - an outcome, named like one
    """A dropped file cannot be taken as a whole; the pass goes on with the next file.

    Attributes:
        zh: what is wrong and what to do, for the report; no personal data.
        en: the same in English.
    """

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


class FileChanges(SkipError):  # noqa: N818 - an outcome, named like one
    """A dropped file was replaced or written to while it was read; the next round takes what it is then."""


class Unsettled(SkipError):  # noqa: N818 - an outcome, named like one
    """Some of what was sent together has no clear answer yet; the other side does answer."""


class NotTaken(SkipError):  # noqa: N818 - an outcome, named like one
    """A platform does not take what it is told now, and its spec knows what its answer means.

    Attributes:
        means: the meaning, one of `orderhub.platforms.writes`.
    """

    def __init__(self, message: str, means: str) -> None:
        super().__init__(message)
        self.means = means


class AlreadyDone(SkipError):  # noqa: N818 - an outcome, named like one
    """The effect exists already; running twice changed nothing."""


class FencedError(OrderhubError):
    """Our lease was taken over by a newer holder; the transaction was rolled back."""
