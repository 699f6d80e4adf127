"""Settings on pages in Microsoft's words, the raw id one click away; Conditional Access as a paragraph."""

import re

import pytest

from actors.changes import assessment
from db.audit.audit import SYSTEM
from db.definitions import categories, definitions
from db.models import Change
from db.policies import policies
from db.states import ChangeKind
from tests.support.captures import capture_by_hand
from tests.support.definitions import row

CAMERA = "device_vendor_msft_policy_config_privacy_letappsaccesscamera"
GROUP = "0f0f0f0f-1111-4111-8111-111111111111"
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def camera(cast, captured):
    """Two snapshots of a policy, and the change between them; the catalogue knows its setting in two languages."""
    options = {f"{CAMERA}_0": "User in control", f"{CAMERA}_2": "Force <deny>"}
    words = {"category_id": "p", "options": options, "description": "Says whether apps may."}
    definitions.save_answers("en", [row(CAMERA, "Let Apps Access Camera", **words)], set())
    definitions.save_answers("de", [row(CAMERA, "Apps den Kamerazugriff erlauben", **words)], set())
    categories.save_paths("en", {"p": ["System", "Privacy"]})
    policy = captured[0][0]
    chosen = [
        {"settingDefinitionId": CAMERA, "choiceSettingValue": {"value": f"{CAMERA}_{number}", "children": []}}
        for number in (0, 2)
    ]
    bodies = [{"name": "P", "settings": [{"settingInstance": each}]} for each in chosen]
    before, after = (capture_by_hand(policy, SYSTEM, body)[1] for body in bodies)
    change = Change.create(tenant=policy.tenant, policy=policy, kind=ChangeKind.CHANGED, before=before, after=after,
                           before_mark=before.content.fingerprint, after_mark=after.content.fingerprint)  # fmt: skip
    assessment.assess(policy.tenant_id)
    return policy, before, after, change


def text_of(page):
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def test_every_page_names_settings_in_microsofts_words_with_the_raw_id_one_click_away(client, sign_in, cast, camera):
    policy, before, after, change = camera
    sign_in(client, cast.ada)
    held = client.get(f"/snapshots/{after.id}").text
    assert "System › Privacy (1) Let Apps Access Camera Says whether apps may." in text_of(held)
    assert f"<code>{CAMERA}</code>" in held
    assert "Force &lt;deny&gt;" in held, "what Microsoft says is a text, and nothing else"
    for address in (f"/snapshots/{before.id}/compare/{after.id}", f"/changes/{change.id}"):
        page = client.get(address).text
        assert "Privacy: Let Apps Access Camera" in text_of(page)
        assert "User in control" in page
        assert f"{CAMERA}_0 → {CAMERA}_2" in text_of(page)
    assert "Privacy: Let Apps Access Camera: User in control → Force" in text_of(
        client.get(f"/policies/{policy.id}").text
    )
    assert "Privacy: Let Apps Access Camera changed" in text_of(client.get("/changes/").text)
    for words in ("apps+camera", CAMERA, "force"):
        assert "Let Apps Access Camera" in text_of(client.get(f"/snapshots/{after.id}?find={words}").text), words
    german = client.get(f"/snapshots/{after.id}", headers={"Accept-Language": "de"}).text
    assert "Apps den Kamerazugriff erlauben" in german


def test_a_conditional_access_policy_reads_as_a_paragraph_in_the_readers_language(client, sign_in, cast):
    policy = policies.get_or_create(cast.contoso, "conditionalAccessPolicies", "ca", "MFA <all>", None)
    users = {"includeUsers": ["All"], "excludeGroups": [GROUP]}
    body = {"displayName": "MFA <all>", "state": "enabled", "conditions": {"users": users},
            "grantControls": {"operator": "OR", "builtInControls": ["mfa"]}}  # fmt: skip
    names = {GROUP: "Break <glass>"}
    _, before = capture_by_hand(policy, SYSTEM, body, groups=names)
    _, after = capture_by_hand(policy, SYSTEM, {**body, "state": "disabled"}, groups=names)
    sign_in(client, cast.ada)
    story = (
        "It applies to all users, except the group Break &lt;glass&gt;. Then access needs multifactor authentication."
    )
    for address in (f"/policies/{policy.id}", f"/snapshots/{after.id}"):
        assert f"It is off. {story}" in text_of(client.get(address).text), address
    compared = text_of(client.get(f"/snapshots/{before.id}/compare/{after.id}").text)
    assert f"Before It is on. {story} After It is off. {story}" in compared
    german = text_of(client.get(f"/policies/{policy.id}", headers={"Accept-Language": "de"}).text)
    assert "Sie ist ausgeschaltet. Sie gilt für alle Benutzer, außer: die Gruppe Break &lt;glass&gt;." in german
