"""Secrets inside policies: masked for everybody, shown to a manager who asks, and never without an event."""

import base64
import json
import re

import pytest

from db.audit.audit import SYSTEM
from db.models import AuditEvent, Run
from tests.support.captures import capture_by_hand
from tests.support.forms import csrf_token
from web.presentation.masking import Masking


@pytest.fixture
def two(captured):
    """Two snapshots that differ in a secret alone."""
    policy = captured[0][0]
    bodies = [{"name": policy.name, "preSharedKey": secret, **every_sort(secret)} for secret in ("hush~1", "hush~2")]
    return [capture_by_hand(policy, SYSTEM, body)[1] for body in bodies]


def holds_a_secret(page):
    """As it is, or in base64."""
    encoded = (word[: len(word) // 4 * 4] for word in re.findall(r"[A-Za-z0-9+/]{16,}", page))
    texts = [base64.b64decode(word).decode("utf-8", "ignore") for word in encoded]
    return any("hush~" in text for text in (page, *texts))


def showings():
    return [
        (event.actor, event.subject, event.details["where"])
        for event in AuditEvent.select().where(AuditEvent.action == "secrets:shown").order_by(AuditEvent.id)
    ]


def paths(two):
    one, other = two
    return {
        f"/snapshots/{other.id}": "page",
        f"/snapshots/{other.id}/download": "download",
        f"/snapshots/{one.id}/compare/{other.id}": "comparison",
    }


# One of every sort in which Intune keeps secrets (graph/display/masking.py).
def every_sort(secret):
    encoded = base64.b64encode(f"net user helpdesk {secret} /add".encode()).decode()
    return {
        "settings": [{"appConfigKey": "ServiceAccountPassword", "appConfigKeyValue": secret}],
        "customSettings": [{"name": "com.vpn.sharedSecret", "value": secret}],
        "omaSettings": [{"omaUri": "./Vendor/MSFT/x/Password", "value": secret}],
        "definitionValues": [{"presentationValues": [{"presentation": {"label": "Password"}, "value": secret}]}],
        "intent": [{"definitionId": "bitlocker_recoveryPassword", "valueJson": f'"{secret}"'}],
        "catalogue": {"settingDefinitionId": "x_presharedkey", "simpleSettingValue": {"value": secret}},
        "scriptContent": encoded,
        "payloadJson": json.dumps({"kind": secret}),
        "wlan": f"<WLANProfile><keyMaterial>{secret}</keyMaterial></WLANProfile>",
        "sharedSecret": [secret],
        "connectionString": f"Server=x;Password={secret}",
    }


def test_nobody_sees_them_unasked_and_who_is_no_manager_cannot_ask(app, sign_in, cast, two):
    for who in (cast.rita, cast.ada, cast.max, cast.root):
        client = sign_in(app.test_client(), who)
        form = {"csrf_token": csrf_token(client, "/")}
        assert not holds_a_secret(client.get(f"/policies/{two[0].policy_id}").get_data(as_text=True))
        for path in paths(two):
            assert not holds_a_secret(client.get(path).get_data(as_text=True)), path
            if who in (cast.rita, cast.ada):
                answer = client.post(path, data=form)
                assert (answer.status_code, "hush~" in answer.get_data(as_text=True)) == (403, False)
    assert showings() == []


def test_a_manager_who_asks_sees_them_and_each_showing_is_on_record(app, sign_in, cast, two):
    client = sign_in(app.test_client(), cast.max)
    form = {"csrf_token": csrf_token(client, "/")}
    for path, where in paths(two).items():
        before = len(showings())
        assert "hush~2" in client.post(path, data=form).get_data(as_text=True), path
        new = showings()[before:]
        assert {(actor, how) for actor, _, how in new} == {("max@example.com", where)}
        assert any(f"snapshot {two[1].id} of" in subject for _, subject, _ in new)
    assert "hush~" not in client.get(next(iter(paths(two)))).get_data(as_text=True), "for that one answer only"


def test_what_cannot_be_recorded_is_not_shown(app, sign_in, cast, two, monkeypatch):
    from db.audit import audit

    client = sign_in(app.test_client(), cast.max)
    form = {"csrf_token": csrf_token(client, "/")}
    monkeypatch.setitem(app.config, "TESTING", False)
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    real = audit.record

    def failing(action, *rest, **details):
        if action == "secrets:shown":
            raise RuntimeError
        return real(action, *rest, **details)

    monkeypatch.setattr(audit, "record", failing)
    for path in paths(two):
        answer = client.post(path, data=form)
        assert (answer.status_code, "hush~" in answer.get_data(as_text=True)) == (500, False)


def test_the_button_is_where_there_is_something_to_show_and_for_whom(app, sign_in, cast, captured, two):
    manager, reader = sign_in(app.test_client(), cast.max), sign_in(app.test_client(), cast.rita)
    page = f"/snapshots/{two[0].id}"
    assert "Show secrets" in manager.get(page).get_data(as_text=True)
    assert "shown to managers only" in reader.get(page).get_data(as_text=True)
    plain = manager.get(f"/snapshots/{captured[0][2].id}").get_data(as_text=True)
    assert not re.search("secret", plain, re.IGNORECASE)


def test_compared_with_the_tenant_they_are_shown_the_same_way(app, sign_in, cast, two):
    run = Run.select().order_by(Run.id.desc()).get()
    path = f"/snapshots/{two[0].id}/compare-live/{run.id}"
    client = sign_in(app.test_client(), cast.max)
    assert "hush~" not in client.get(path).get_data(as_text=True)
    assert "hush~2" in client.post(path, data={"csrf_token": csrf_token(client, "/")}).get_data(as_text=True)


@pytest.mark.parametrize(
    "holder",
    [
        {"omaUri": "./Vendor/x/Password", "value": "hush"},
        {"omaUri": "./Vendor/x", "isEncrypted": True, "value": "hush"},
        {"valueState": "notEncrypted", "value": "hush"},
        {"preSharedKey": "hush"},
        {"wiFi": [{"certificatePassword": "hush"}]},
        {"token": "hush"},
        {"productKey": "hush"},
        {"clientSecret": "hush"},
    ],
    ids=str,
)
def test_what_gives_access_is_masked_wherever_it_is(holder):
    hide = Masking()
    assert "hush" not in str(hide({"body": holder}))
    assert hide.count == 1


def test_a_page_of_masked_secrets_has_no_mark_of_them_that_could_be_guessed_against(app, sign_in, cast, two):
    client, content = sign_in(app.test_client(), cast.max), two[1].content.fingerprint
    page = f"/snapshots/{two[1].id}"
    assert content not in client.get(page).get_data(as_text=True)
    assert content in client.post(page, data={"csrf_token": csrf_token(client, "/")}).get_data(as_text=True)
