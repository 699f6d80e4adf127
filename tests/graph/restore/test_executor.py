"""Executing one task of a restore, against answers that a test gives."""

import base64

import pytest

from graph.errors import NotFound
from graph.policy_types.table import POLICY_TYPES
from graph.restore.executor import (
    JUSTIFICATION_HEADER,
    ChangedSincePreview,
    NotVisibleYet,
    RestoreTask,
    approval_reason_header,
    execute_task,
    request_hash,
)
from graph.transport.client import Request
from tests.graph.steps import run_steps

FILTERS = POLICY_TYPES["assignmentFilters"]
GONE = NotFound("not_found", "It is not there.")
ID = "0000000a-1111-4111-8111-111111111111"
FILTER = {"id": ID, "displayName": "F", "platform": "windows10AndLater", "rule": '(device.model -eq "x")'}


def task(**facts):
    return RestoreTask(
        **{"policy_type": FILTERS, "want": {"body": FILTER, "assignments": None}, "target_id": ID, **facts}
    )


def paths(requests):
    return [(request.method, request.path.partition("?")[0]) for request in requests]


def test_removal_of_a_policy_that_is_gone_counts_as_done():
    result, requests = run_steps(execute_task(task(want=None)), {FILTERS.read_path(ID): GONE})
    assert result.reading is None
    assert {method for method, _ in paths(requests)} == {"GET"}


def test_policy_that_is_as_wanted_is_only_read():
    result, requests = run_steps(execute_task(task()), {FILTERS.read_path(ID): FILTER})
    assert result.differences == []
    assert {method for method, _ in paths(requests)} == {"GET"}


def test_policy_that_changed_since_the_preview_is_not_written():
    with pytest.raises(ChangedSincePreview):
        run_steps(execute_task(task(live_fingerprint="0" * 64)), {FILTERS.read_path(ID): {**FILTER, "rule": "other"}})


def test_new_policy_that_graph_does_not_show_yet_is_tried_again():
    with pytest.raises(NotVisibleYet):
        run_steps(execute_task(task(is_new=True)), {FILTERS.read_path(ID): GONE})


def test_writes_carry_the_reason_for_multi_admin_approval():
    changing = execute_task(
        task(justification="reason", live={"body": {**FILTER, "rule": "other"}, "assignments": None})
    )
    [request] = next(changing)
    assert request.method == "PATCH"
    assert request.headers[JUSTIFICATION_HEADER] == "reason"


def test_request_hash_is_equal_for_the_same_request_alone():
    request = Request("/x", "PATCH", {"a": 1, "b": 2})
    assert request_hash(request) == request_hash(Request("/x", "PATCH", {"b": 2, "a": 1}))
    assert request_hash(request) != request_hash(Request("/x", "PATCH", {"a": 1}))


def test_approval_reason_header_is_base64_on_one_line():
    assert base64.b64decode(approval_reason_header("Ünsafe\nreason")).decode() == "Ünsafe reason"
