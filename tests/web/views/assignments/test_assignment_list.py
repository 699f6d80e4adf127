"""The list of assignments: whom one may ask for, what a row says, and that nobody hears of tenants they may not see."""

import csv
import io
import re

import pytest

from db.models import DirectoryName, Policy, PolicyTarget
from db.policies.policy_targets import IndexedTarget, TargetsOfPolicy, replace_targets
from tests.web.lists.test_list_view import rows

PILOT, STAFF, FILTER = (f"{digit * 8}-1111-4111-8111-{digit * 12}" for digit in "123")
GLOBAL = "62e90394-69f5-4237-9190-012177145e10"


@pytest.fixture
def assigned(cast):
    """Four policies of Contoso and one of Fabrikam's; policy name -> its row."""

    def policy(tenant, policy_type, name, *targets):
        row = Policy.create(tenant=tenant, policy_type=policy_type, graph_id=f"id of {name}", name=name)
        replace_targets([row], {row.id: TargetsOfPolicy(targets)})
        return row

    here, condition = cast.contoso, {"place": "condition", "intent": "enabledForReportingButNotEnforced"}
    made = [
        policy(here, "mobileApps", "Teams", IndexedTarget("group", PILOT, intent="required", filter_id=FILTER,
               filter_mode="exclude", terms=[["useDeviceLicensing", "True"]])),
        policy(here, "deviceConfigurations", "Wi-Fi", IndexedTarget("group", PILOT, is_excluded=True),
               IndexedTarget("all devices")),
        policy(here, "intents", "=Old", IndexedTarget("group", STAFF, is_excluded=True, is_gone=True),
               IndexedTarget("nobody")),
        policy(here, "conditionalAccessPolicies", "MFA", IndexedTarget("all users", **condition),
               IndexedTarget("role", GLOBAL, is_excluded=True, terms=[["builtInControls", "mfa"]], **condition)),
        policy(cast.fabrikam, "intents", "Theirs", IndexedTarget("group", PILOT), IndexedTarget("all users")),
        policy(here, "assignmentFilters", "Laptops"),
        policy(here, "assignmentFilters", "Unused"),
    ]  # fmt: skip
    Policy.update(graph_id=FILTER).where(Policy.name == "Laptops").execute()
    DirectoryName.create(tenant=here, kind="groups", object_id=PILOT, name="SG-Pilot")
    DirectoryName.create(tenant=cast.fabrikam, kind="groups", object_id=PILOT, name="SG-Secret")
    return {row.name: row for row in made}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_assignments_are_asked_for_by_sort_name_id_type_and_intent(client, sign_in, cast, assigned):
    sign_in(client, cast.max)
    for asked, expected in (
        ("", ["MFA", "MFA", "=Old", "=Old", "Wi-Fi", "Wi-Fi", "Teams"]),
        ("whom=sg-pilot", ["Wi-Fi", "Teams"]),
        ("of=group&whom=PILOT", ["Wi-Fi", "Teams"]),
        (f"of=group&whom={PILOT.upper()}", ["Wi-Fi", "Teams"]),
        ("of=group&whom=pilot&intent=required", ["Teams"]),
        ("whom=pilot&type=deviceConfigurations", ["Wi-Fi"]),
        ("of=all-users", ["MFA"]),
        ("of=all-devices", ["Wi-Fi"]),
        ("of=nobody", ["=Old"]),
        ("of=gone", ["=Old"]),
        ("of=filter&whom=Laptops", ["Teams"]),
        ("of=role&whom=global", ["MFA"]),
        ("intent=enabledForReportingButNotEnforced", ["MFA", "MFA"]),
        ("of=all-users&search=wi-fi", ["No results. Clear filters"]),
        ("of=group", ["Type a name, or a part of it."]),
        ("whom=SG-Secret", ["Nothing that a backup has seen is called “SG-Secret”."]),
        (f"tenant={cast.fabrikam.id}", ["No results. Clear filters"]),
    ):
        assert rows(client.get(f"/assignments/?{asked}")) == expected, asked
    page = client.get("/assignments/?of=unused-filters").get_data(as_text=True)
    assert "Unused</a>" in page
    assert "Laptops</a>" not in page


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_row_says_whom_how_and_under_which_conditions(client, sign_in, cast, assigned):
    page = sign_in(client, cast.rita).get("/assignments/").get_data(as_text=True)
    said = [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in page.partition("<tbody>")[2].split("<tr>")[1:]]
    assert said[0].startswith("MFA Conditional Access policy exclude Role Global Administrator Report-only")
    assert "Also: All users Built in controls: mfa" in said[0]
    assert "include All users" in said[1]
    assert "Without: Role Global Administrator" in said[1]
    assert "Nobody" in said[2]
    assert "exclude Group 22222222… (deleted)" in said[3]
    assert "include Group SG-Pilot Without devices of filter Laptops Required Use device licensing: True" in said[6]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_csv_runs_no_formula_and_has_no_other_tenant(client, sign_in, cast, assigned):
    sign_in(client, cast.max)
    text = client.get("/assignments/export/csv/?of=nobody&whom=").get_data(as_text=True)
    head, row = csv.reader(io.StringIO(text))
    assert dict(zip(head, row, strict=True))["policy"] == "'=Old"
    every = client.get("/assignments/export/csv/").get_data(as_text=True)
    assert len(every.splitlines()) == 1 + 7
    assert "Theirs" not in every
    assert PolicyTarget.select().count() == 9
