"""`python -m sandbox`: start the sandbox, or print the connections that reach it."""

import argparse
import asyncio
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from sandbox.dialects import connections, dialects_of
from sandbox.server import Options, serve
from sandbox.state import open_world
from sandbox.world.catalog import SHOP_BY_ID, shops_named
from sandbox.world.world import LIVES

EPILOG = """\
examples:
  python -m sandbox --http-port 8082 --smtp-port 8083 --seed 7 --orders 240
  python -m sandbox connections --http-port 8082 --smtp-port 8083 --seed 7 > connections.json

then open http://127.0.0.1:8082/ (state), /mailbox (mails), /admin/truth (what is really true).
sandbox/README.md lists the protocol decisions and the failures that can be planned.
"""


def _now() -> datetime:
    return datetime.now(UTC)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="A seeded merchant behind local gateways of platforms and a mailbox.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "command", nargs="?", default="serve", choices=("serve", "connections"), help="default: serve"
    )
    parser.add_argument("--http-port", type=int, required=True, help="port of gateway, admin and pages")
    parser.add_argument("--smtp-port", type=int, required=True, help="port of the mail server")
    parser.add_argument("--host", default="127.0.0.1", help="address to bind, or to name in connections")
    parser.add_argument("--seed", type=int, default=7, help="the same seed gives the same world (default 7)")
    parser.add_argument("--orders", type=int, default=240, help="orders of the last 30 hours (default 240)")
    parser.add_argument(
        "--trickle", type=float, default=3.0, help="new orders per minute; 0 for none (default 3)"
    )
    parser.add_argument(
        "--started-at", type=datetime.fromisoformat, help="start of the world, ISO 8601 with zone"
    )
    everyone = ",".join(SHOP_BY_ID)
    parser.add_argument("--shops", default=everyone, help=f"comma list of shops (default {everyone})")
    parser.add_argument(
        "--lives",
        choices=LIVES,
        default=LIVES[0],
        help="demo: ordinary orders and labelled defects; all: also groups, COD, bundles, every after-sale; "
        "labelled: a quiet shop; doubtful orders, and those that only look so, say what they are",
    )
    parser.add_argument("--state-dir", type=Path, help="keep the world here, so that a restart continues it")
    return parser


def main() -> int:
    """Run the command line and return the exit code."""
    parser = _parser()
    arguments = parser.parse_args()
    try:
        shops = shops_named(arguments.shops)
        if arguments.command == "connections":
            ports = arguments.http_port, arguments.smtp_port
            known = connections(arguments.seed, shops, *ports, arguments.host)
            sys.stdout.write(json.dumps(known, ensure_ascii=False, indent=2) + "\n")
            return 0
        dialects = dialects_of(shops)
    except ValueError as error:
        parser.error(str(error))
    started_at = arguments.started_at or _now()
    if started_at.tzinfo is None:
        parser.error(f"--started-at {started_at.isoformat()} has no zone; write 2026-01-31T12:00:00+08:00")
    mail_file = arguments.state_dir / "mails.jsonl" if arguments.state_dir else None
    options = Options(arguments.host, arguments.http_port, arguments.smtp_port, arguments.trickle, mail_file)
    try:
        birth = arguments.seed, arguments.orders, started_at.astimezone(UTC), arguments.state_dir
        world = open_world(*birth, shops, arguments.lives)
        asyncio.run(serve(world, dialects, options, _now))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"the sandbox cannot start: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
