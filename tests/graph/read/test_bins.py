"""What a tenant's bins show, and how it is brought back: lists, entries, damaged ones, both shapes of answers."""

from datetime import datetime, timedelta

import pytest

from graph.errors import Forbidden, NotFound
from graph.policy_types.table import POLICY_TYPES
from graph.read import bins
from graph.transport.client import Request
from tests.graph.steps import run_steps

ID, OTHER = "a" * 8 + "-0000-4000-8000-" + "a" * 12, "b" * 8 + "-0000-4000-8000-" + "b" * 12
LIST, DIRECTORY = "/identity/conditionalAccess/deletedItems/policies", "/directory/deletedItems"
AT = "2026-11-02T08:00:00Z"
ENTRY = {"id": ID, "displayName": "CA", "state": "enabled", "deletedDateTime": AT, "@odata.context": "x"}


def policy_type(key):
    return POLICY_TYPES[key]


def test_conditional_access_is_listed_to_its_last_page_and_only_what_is_asked_for_is_kept():
    link = "https://graph.microsoft.com/beta" + LIST + "?$skiptoken=2"
    damaged = [{"id": "../x"}, {"displayName": "no id"}, {**ENTRY, "displayName": 5}]
    pages = {LIST: {"value": [*damaged, {**ENTRY, "id": OTHER}], "@odata.nextLink": link}, link: {"value": [ENTRY]}}
    found, _ = run_steps(bins.read_bin(policy_type(bins.ACCESS), [ID]), pages)
    assert found[ID].deleted_at == AT
    assert found[ID].content == {"body": {"id": ID, "displayName": "CA", "state": "enabled"}, "assignments": None}
    assert list(found) == [ID]
    assert run_steps(bins.read_bin(policy_type(bins.ACCESS), ["../x"]), {}) == ({}, []), (
        "no id of ours: nobody is asked"
    )
    with pytest.raises(Forbidden):
        run_steps(bins.read_bin(policy_type(bins.LOCATIONS), [ID]), {bins.BINS[bins.LOCATIONS]: Forbidden("x", "No.")})


def test_groups_are_asked_for_one_by_one():
    group = {"@odata.type": "#microsoft.graph.group", "id": ID, "displayName": "SG", "deletedDateTime": AT}
    answers = {f"{DIRECTORY}/{ID}": group, f"{DIRECTORY}/{OTHER}": NotFound("not_found", "No.")}
    found, requests = run_steps(bins.read_bin(policy_type(bins.GROUPS), [ID, OTHER]), answers)
    assert list(found) == [ID]
    assert len(requests) == 2
    user = {**group, "@odata.type": "#microsoft.graph.user"}
    assert run_steps(bins.read_entry(policy_type(bins.GROUPS), ID), {f"{DIRECTORY}/{ID}": user})[0] is None


def test_an_entry_is_kept_for_thirty_days():
    entry, now = bins.BinEntry(ID, AT, {}), datetime(2026, 11, 30)
    assert entry.is_kept(now)
    assert not entry.is_kept(now + timedelta(days=3))
    assert bins.BinEntry(ID, "", {}).is_kept(now)


@pytest.mark.parametrize(("key", "cloud", "has"), [
    (bins.ACCESS, "global", True), (bins.LOCATIONS, "usgov", False), (bins.ACCESS, "china", False),
    (bins.GROUPS, "usgov", True), ("authenticationStrengthPolicies", "global", False),
])  # fmt: skip
def test_only_where_there_may_be_a_bin_is_it_asked_for(key, cloud, has):
    assert bins.has_bin(key, cloud) is has


@pytest.mark.parametrize("answer", [{"value": {"id": OTHER}}, {"id": OTHER}])
def test_both_shapes_of_the_answer_are_read(answer):
    assert bins.restored_id(answer, ID) == OTHER


@pytest.mark.parametrize("answer", [None, {}, {"value": []}, {"id": "../x"}, {"value": {"id": 5}}])
def test_an_answer_without_an_id_is_of_the_one_that_was_asked_for(answer):
    assert bins.restored_id(answer, ID) == ID


def test_a_request_to_bring_back_is_told_from_others():
    request = bins.restore_request(bins.LOCATIONS, ID)
    assert request == Request(f"/identity/conditionalAccess/deletedItems/namedLocations/{ID}/restore", "POST")
    assert bins.is_restore_request(bins.LOCATIONS, request)
    assert not bins.is_restore_request(bins.ACCESS, request)


@pytest.mark.parametrize(("body", "said"), [
    ({"isAssignableToRole": True}, "directory roles"), ({"onPremisesSyncEnabled": True}, "local directory"),
    ({"mailEnabled": True}, "mail-enabled"), ({"mailEnabled": True, "groupTypes": ["Unified"]}, ""), ({}, ""),
])  # fmt: skip
def test_which_groups_come_back(body, said):
    why = bins.why_not(bins.GROUPS, body)
    assert said in why
    assert bool(why) == bool(said)
    assert not bins.why_not(bins.ACCESS, body)
