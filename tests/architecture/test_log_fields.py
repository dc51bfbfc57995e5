"""Fields of structured lines: Airflow passes them on as keywords, and a clash ends the task's process."""

import ast
from dataclasses import fields

from orderhub.fulfillment.close import ClosedManifest
from orderhub.fulfillment.run import FulfillCounts
from orderhub.transform.passes import TransformCounts
from tests.architecture.source_tree import PACKAGE, name_of, python_files, tree_of

#: Parameters of Airflow's and structlog's own functions on the way to the log file.
TAKEN = {"target", "level", "msg", "event", "timestamp", "logger", "exception", "error_detail", "self"}


def test_no_log_call_uses_a_taken_name():
    clashes = [
        f"{name_of(file)}:{call.lineno} {keyword.arg}"
        for file in python_files(PACKAGE)
        for call in ast.walk(tree_of(file))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "log"
        for keyword in call.keywords
        if keyword.arg in TAKEN
    ]

    assert clashes == []


def test_no_logged_count_has_a_taken_name():
    logged = {
        field.name for counts in (ClosedManifest, FulfillCounts, TransformCounts) for field in fields(counts)
    }

    assert logged & TAKEN == set()
