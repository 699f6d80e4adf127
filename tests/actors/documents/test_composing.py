"""A document of policies in words, in English and in German, with ids and without."""

import pytest

from actors.documents.composing import SectionWords
from actors.documents.language import language_of
from actors.documents.sections import Assigned, LastChange
from db.clock import utcnow
from db.events.attribution import Doer
from db.models import Policy
from db.states import ChangeKind, DoerKind
from tests.support.changes import record_change, record_event
from tests.support.definitions import know
from tests.support.documents import GROUP, assigned_to, captured_policies, text_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_document_reads_as_its_language_says(cast):
    body = {"name": "Ring", "description": "Why it is.", "deferDays": 3, "settings": []}
    [snapshot] = captured_policies(cast.contoso, body, assignments=[assigned_to()], groups={GROUP: "SG-Sales"})
    record_change(snapshot.policy)
    record_event(snapshot.policy)
    english, german = text_of(cast.contoso), text_of(cast.contoso, language="de")
    for part in ("# Contoso", "All policies as they were read last", "- **Policies:** 1 policy", "## Contents",
                 "- [Settings catalog](#type-1)", "  - [Contoso policy 1](#policy-1)", "Why it is.",
                 "| Defer days | 3 |", "| Included | Group SG-Sales |", r"by anna\@contoso.example",
                 "State changed", "Secrets inside policies are masked", snapshot.policy.graph_id):  # fmt: skip
        assert part in english, part
    for part in ("- **Richtlinien:** 1 Richtlinie", "## Inhalt", "Einstellungskatalog", "Gruppe SG-Sales",
                 r"durch anna\@contoso.example", "State geändert"):  # fmt: skip
        assert part in german, part
    bare = text_of(cast.contoso, with_ids=False)
    assert snapshot.policy.graph_id not in bare
    assert cast.contoso.directory_id not in bare
    assert "No policy is left for this document." in text_of(cast.contoso, types=("deviceConfigurations",))


def words_of(change):
    return SectionWords(language_of("en"), with_ids=True).last_change(change)


def test_who_changed_it_is_named_and_else_why_not(cast):
    at = utcnow()

    def doer(kind, name=None, app_name=None):
        return Doer(kind, name, None, False, app_name, None)

    told = {
        "by whom is not known": (),
        "by anna (Graph Explorer)": (doer(DoerKind.PERSON, "anna", "Graph Explorer"),),
        "by the app Backup": (doer(DoerKind.APP, "Backup"),),
        "by Microsoft’s service Intune": (doer(DoerKind.SERVICE, "Intune"),),
        "by somebody whom Microsoft’s log does not name": (doer(DoerKind.NOT_STATED),),
    }
    for words, doers in told.items():
        assert words_of(LastChange(ChangeKind.REMOVED, at, doers)).endswith(f", {words}.")
    assert "by restore 7 of Tenantkeep" in words_of(LastChange(ChangeKind.CHANGED, at, (), 7))


def test_assignments_of_every_sort_are_words_and_a_long_value_is_cut(cast):
    words = SectionWords(language_of("en"), with_ids=True)
    for assigned, told in (
        (Assigned("allDevices"), "All devices"),
        (
            Assigned("group", "A", "include", "F", "available"),
            "Group A, only what the filter F finds, intent: available",
        ),
        (Assigned("exclusionGroup", "A", "exclude", "F"), "Group A, without what the filter F finds"),
        (
            Assigned("configurationManagerCollection", "C1", intent="odd"),
            "Configuration manager collection C1, intent: odd",
        ),
    ):
        assert words.assigned(assigned) == told
    assert words.shortened("x." * 2001) == f"{'x.' * 2000}… and 2 more characters"
    assert words.shortened("A1b+" * 100) == f"{'A1b+' * 20}… and 320 more characters"


def test_settings_and_conditional_access_are_told_in_words(cast):
    [snapshot] = captured_policies(
        cast.contoso,
        {"id": "x", "displayName": "MFA", "state": "enabled", "conditions": {"users": {"includeUsers": ["All"]}}},
    )
    Policy.update(policy_type="conditionalAccessPolicies").where(Policy.id == snapshot.policy_id).execute()
    assert "It is on. It applies to all users" in text_of(cast.contoso)
    german = text_of(cast.contoso, language="de")
    assert "Sie ist eingeschaltet" in german or "Sie gilt für" in german
    setting = "device_vendor_msft_policy_config_privacy_letappsaccesscamera"
    instance = {"settingDefinitionId": setting, "choiceSettingValue": {"value": f"{setting}_2", "children": []}}
    captured_policies(cast.fabrikam, {"name": "Camera", "settings": [{"settingInstance": instance}]})
    know(setting, "Let Apps Access Camera", options={f"{setting}_2": "Force deny"})
    assert "| Let Apps Access Camera | Force deny" in text_of(cast.fabrikam)
