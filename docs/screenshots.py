# noqa: INP001 - a script, not a package
"""Takes the pictures of the README from a running demo: `.venv/bin/python docs/screenshots.py [--port 8080]`.

Needs a system Chromium (`apt install chromium`); not part of the tests, so that CI needs no browser.
"""

import argparse
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).parent / "images"
SIZE = {"width": 1360, "height": 800}


def take(page: Page, address: str, name: str, wait_for: str) -> None:
    """Save `address` as images/<name>.png once the text `wait_for` is there."""
    page.goto(address)
    page.get_by_text(wait_for).first.wait_for(timeout=30_000)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=IMAGES / f"{name}.png")
    sys.stdout.write(f"{IMAGES / name}.png\n")


def main() -> None:
    """Take every picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8080, help="the demo's --port")
    parser.add_argument("--host", default="127.0.0.1")
    given = parser.parse_args()
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        sys.exit("no Chromium found; install it (apt install chromium) and run this again")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = chromium.new_context(viewport=SIZE, locale="zh-CN", timezone_id="Asia/Shanghai").new_page()
        take(page, f"http://{given.host}:{given.port}/dags", "airflow", "fulfill_orders")
        page.set_viewport_size({"width": 1000, "height": 640})
        take(page, f"http://{given.host}:{given.port + 2}/mailbox/1", "mailbox", "orderhub")
        chromium.close()


if __name__ == "__main__":
    main()
