"""What Airflow itself loads: the runbooks in the menu, the form that mails link to, a door for WMSs.

The runbooks are the files of `docs/runbooks`, readable without the internet. No page holds data of the shop,
so none needs a login; what a hold is about, and what the form starts, needs one and the right to decide. A
warehouse's system logs in to its door with the signature of each message.
Everything else of the hub is the installed package `orderhub`.
"""

from html import escape
from pathlib import Path

from airflow.plugins_manager import AirflowPlugin
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from markdown_it import MarkdownIt

from orderhub.orchestration.decide_facts import facts_of, may_decide
from orderhub.orchestration.decide_page import decide_page
from orderhub.orchestration.wms_door import take_from_wms
from orderhub.paths import project_root

PAGE = """<!doctype html><html lang="zh"><meta charset="utf-8"><title>{title}</title>
<style>body{{font:16px/1.7 system-ui,sans-serif;max-width:50em;margin:2em auto;padding:0 1em}}
code,pre{{background:#8882;border-radius:4px;padding:.1em .3em}}
td,th{{border:1px solid #8886;padding:.2em .6em}}
table{{border-collapse:collapse}}</style><p><a href="../runbooks/">运行手册 / Runbooks</a></p>{body}</html>"""
app = FastAPI(title="orderhub runbooks", docs_url=None, redoc_url=None, openapi_url=None)


def runbooks() -> dict[str, Path]:
    """Return name → file of every runbook."""
    return {file.stem: file for file in sorted((project_root() / "docs" / "runbooks").glob("*.md"))}


def page(title: str, markdown: str) -> HTMLResponse:
    """Return `markdown` as a page; HTML inside it stays text."""
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown)
    return HTMLResponse(PAGE.format(title=escape(title), body=body))


@app.get("/runbooks/")
def list_runbooks() -> HTMLResponse:
    """Show which runbooks there are."""
    titles = {
        name: file.read_text(encoding="utf-8").splitlines()[0].lstrip("# ")
        for name, file in runbooks().items()
    }
    return page("运行手册", "\n".join(f"- [{title}]({name})" for name, title in titles.items()))


@app.get("/runbooks/{name}")
def show_runbook(name: str) -> HTMLResponse:
    """Show one runbook; 404 for another name."""
    file = runbooks().get(name)
    if file is None:
        raise HTTPException(404, f"there is no runbook {name!r}; there are: {', '.join(runbooks())}")
    return page(name, file.read_text(encoding="utf-8"))


@app.get("/decide")
def decide(request: Request) -> HTMLResponse:
    """Show the form in which a person decides about a hold, filled in from the address."""
    return HTMLResponse(decide_page(request.query_params))


@app.get("/decide/facts", dependencies=[Depends(may_decide)])
def show_facts(hold_id: str) -> JSONResponse:
    """Tell what a hold is about to who may decide it; kept by no browser."""
    return JSONResponse(facts_of(hold_id), headers={"Cache-Control": "no-store"})


@app.post("/wms/{warehouse_id}")
async def take_push(warehouse_id: str, request: Request) -> Response:
    """Take what the WMS of a warehouse says has left."""
    return await take_from_wms(warehouse_id, request)


class OrderhubUi(AirflowPlugin):
    """Adds 运行手册 to Airflow's menu."""

    name = "orderhub_ui"
    fastapi_apps = [{"app": app, "url_prefix": "/orderhub", "name": "orderhub runbooks"}]  # noqa: RUF012 - Airflow's form
    external_views = [  # noqa: RUF012 - Airflow's form
        {
            "name": "运行手册 / Runbooks",
            "href": "/orderhub/runbooks/",
            "destination": "nav",
            "url_route": "runbooks",
            "category": "docs",
        }
    ]
