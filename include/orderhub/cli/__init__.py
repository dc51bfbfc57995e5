"""The command line: whatever Airflow does, this does on the same database.

Commands are grouped by area in the modules beside this one. Errors that orderhub raises on purpose are one
sentence on standard error and exit code 1, or 2 when a person must act.
"""

import signal
import sys
from pathlib import Path

import structlog
import typer

from orderhub.cli import (
    address_score,
    alerts,
    checks,
    flow,
    holds,
    manifests,
    mapping,
    measure,
    orders,
    platforms,
    resend,
    setting_up,
    sources,
    tracking,
    warehouses,
    waybills,
    what_if,
)
from orderhub.cli.shell import say_stopped
from orderhub.cli.usage import run
from orderhub.db.interrupts import ending_statements
from orderhub.errors import AlreadyDone, OrderhubError, SkipError, StopError
from orderhub.spoken import told
from orderhub.stopped import INTERRUPTED

app = typer.Typer(
    name="orderhub",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    help="电商订单中台 / order hub. 例 / e.g.: explain 2160451543726114828 · verify",
)
for area in (
    setting_up,
    sources,
    platforms,
    mapping,
    flow,
    manifests,
    warehouses,
    tracking,
    holds,
    resend,
    orders,
    what_if,
    alerts,
    measure,
    checks,
    address_score,
    waybills,
):
    app.add_typer(area.app)


def main() -> None:
    """Run a command; our own errors become one sentence, logs go to standard error."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    installed = Path(sys.argv[0]).name == "orderhub"
    try:
        with ending_statements(signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            run(app, "orderhub" if installed else "./hub")
    except SystemExit as ended:
        if ended.code == INTERRUPTED:
            say_stopped()
        raise
    except AlreadyDone as error:
        print(told(error))
    except SkipError as error:
        print(told(error), file=sys.stderr)
        raise SystemExit(75) from None
    except OrderhubError as error:
        print(f"orderhub: {told(error)}", file=sys.stderr)
        raise SystemExit(2 if isinstance(error, StopError) else 1) from None
    except OSError as error:
        if error.filename is None:
            raise
        print(f"orderhub: {error.filename}: {error.strerror}", file=sys.stderr)
        raise SystemExit(2) from None
