"""The form of decide_hold as a page that a link can fill in.

Airflow's own trigger form takes no values from an address. This page does, and starts the same run through
Airflow's API in the browser, as the person who is logged in there. It holds no data of the shop itself: what
the hold is about, its script asks for as that person (`orderhub.orchestration.decide_facts`).
"""

import json
from collections.abc import Mapping
from html import escape

from orderhub.orchestration.decide_tasks import CHOICES, decision_params
from orderhub.quality.decide import Choice

DAG_ID = "decide_hold"
_PAGE = """<!doctype html><html lang="zh"><meta charset="utf-8"><title>处理挂起 / Decide a hold</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{{font:16px/1.6 system-ui,sans-serif;max-width:42em;margin:2em auto;padding:0 1em}}
h1{{font-size:1.4em}} label{{display:block;margin:1em 0 .2em;font-weight:600}}
small{{display:block;color:#666}}
input,select,textarea{{width:100%;box-sizing:border-box;font:inherit;padding:.4em}}
dl{{display:grid;grid-template-columns:max-content 1fr;gap:.2em 1em;padding:.6em 1em;
background:#8882;border-radius:4px}} dl:empty{{display:none}} dt{{font-weight:600}} dd{{margin:0}}
button{{display:block;font:inherit;margin:1.2em 0;padding:.5em 2em}} #said{{white-space:pre-wrap}}</style>
<h1>处理挂起 / Decide a hold</h1>
<dl id="about"></dl><p id="unseen"></p>
<form id="form">{fields}<button>决定 / decide</button></form><p id="said"></p>
<p><a href="runbooks/decide">说明 / what this does</a></p><script>{script}</script></html>"""
_SCRIPT = """
const form = document.getElementById("form"), said = document.getElementById("said");
const runs = "../api/v2/dags/" + %s + "/dagRuns", pause = (ms) => new Promise((done) => setTimeout(done, ms));
const about = document.getElementById("about"), unseen = document.getElementById("unseen");
const show = async () => {
  const named = form.hold_id.value.trim();
  about.replaceChildren();
  unseen.textContent = "";
  form.version.value = form.version.defaultValue;
  if (!named) { return; }
  const answer = await fetch("decide/facts?hold_id=" + encodeURIComponent(named));
  const found = await answer.json().catch(() => ({}));
  if (named !== form.hold_id.value.trim()) { return; }
  if (!answer.ok) {
    unseen.textContent = {
      401: "先登录 Airflow 才看得到讲的是什么 / log in to see what it is about",
      403: "没有处理挂起的权限,或登录已失效 / you may not decide holds, or your login is over",
    }[answer.status] ?? String(found.detail);
    return;
  }
  form.version.value ||= found.version;
  for (const [name, value] of found.lines) {
    about.appendChild(document.createElement("dt")).textContent = name;
    about.appendChild(document.createElement("dd")).textContent = value;
  }
};
form.hold_id.addEventListener("change", show);
show();
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const conf = Object.fromEntries(new FormData(form));
  conf.version = conf.version || null;
  const answer = await fetch(runs, {method: "POST", headers: {"Content-Type": "application/json"},
    body: JSON.stringify({logical_date: null, conf})});
  if (answer.status === 401) {
    said.textContent = "请先登录 Airflow,再回到这里 / log in to Airflow first";
    return;
  }
  const run = await answer.json();
  if (!answer.ok) {
    said.textContent = "没有改动 / nothing was changed: " +
      [run.detail].flat().map((one) => one?.msg ?? String(one)).join("; ");
    return;
  }
  said.textContent = "已提交,正在执行… / on its way…";
  for (let state = run.state; ; await pause(1000)) {
    state = (await (await fetch(runs + "/" + encodeURIComponent(run.dag_run_id))).json()).state;
    if (state === "success") { said.textContent = "已决定 / decided"; return; }
    if (state === "failed") {
      said.innerHTML = "没有改动,原因见日志 / nothing was changed, the log says why: ";
      const link = said.appendChild(document.createElement("a"));
      link.textContent = run.dag_run_id;
      link.href = "../dags/" + run.dag_id + "/runs/" + encodeURIComponent(run.dag_run_id);
      return;
    }
  }
});
"""


def decide_page(given: Mapping[str, str]) -> str:
    """Return the page with the fields that `given` names filled in; what is no field is left out."""
    fields = "".join(
        f'<label for="{name}">{escape(str(param.schema["title"]))}</label>'
        f"{_input(name, given.get(name, ''))}<small>{escape(str(param.description))}</small>"
        for name, param in decision_params().items()
    )
    return _PAGE.format(fields=fields, script=_SCRIPT % json.dumps(DAG_ID))


def _input(name: str, value: str) -> str:
    match name:
        case "decision":
            chosen = value if value in list(Choice) else Choice.RELEASE
            options = "".join(
                f'<option value="{choice}"{" selected" if choice == chosen else ""}>{escape(said)}</option>'
                for choice, said in CHOICES.items()
            )
            return f'<select id="{name}" name="{name}">{options}</select>'
        case "reason":
            return f'<textarea id="{name}" name="{name}" rows="3" required>{escape(value)}</textarea>'
        case _:
            required = " required" if name == "hold_id" else ""
            return f'<input id="{name}" name="{name}" value="{escape(value)}"{required}>'
