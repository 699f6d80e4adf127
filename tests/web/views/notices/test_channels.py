"""`/channels/`: a channel in two taps, its rules, its test; whose it is, and what of its address is never shown."""

import re

import pytest

from db.audit.audit import SYSTEM
from db.models import AuditEvent, Channel, Delivery, NoticeRule
from db.notices import channels, rules
from db.states import ChannelKind, NoticeEvent, NoticePace
from tests.support.forms import csrf_token

pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.usefixtures("lock_order"),
]


def press(client, path, **values):
    return client.post(path, data={"csrf_token": csrf_token(client, "/channels/"), **values}, follow_redirects=True)


def text(answer):
    return answer.get_data(as_text=True)


def test_ones_own_mail_address_is_a_channel_of_what_is_grave_by_one_press(client, sign_in, cast):
    sign_in(client, cast.rita)
    shown = text(client.get("/channels/"))
    assert f"Send notices to {cast.rita.email}" in shown
    assert "Channels of the installation" not in shown
    answer = press(client, "/channels/", whose="mine", kind="email", address=cast.rita.email)
    assert "Added. It tells what is grave" in text(answer)
    [rule] = rules.of_channel(Channel.get(owner=cast.rita))
    assert set(rule.events) == {str(event) for event in rules.GRAVE_EVENTS}
    assert (rule.hours, rule.pace, rule.min_severity) == (26, "at_once", "high")
    refused = press(client, "/channels/", whose="mine", kind="email", address="chef@contoso.example")
    assert (refused.status_code, "the address that you sign in with" in text(refused)) == (400, True)
    assert "Send notices to" not in text(client.get("/channels/"))


def test_a_channel_of_the_installation_is_an_admins_and_anybody_elses_is_its_owners(app, sign_in, cast):
    of_all = channels.add("On call", ChannelKind.EMAIL, "oncall@contoso.example", SYSTEM)
    ritas = channels.add("Mine", ChannelKind.EMAIL, cast.rita.email, SYSTEM, owner=cast.rita)
    of_all_rule, ritas_rule = (rules.add_sensible(channel, "UTC", SYSTEM) for channel in (of_all, ritas))
    for user, own, others in (
        (cast.rita, (ritas, ritas_rule), (of_all, of_all_rule)),
        (cast.root, (of_all, of_all_rule), (ritas, ritas_rule)),
    ):
        client = sign_in(app.test_client(), user)
        for path in (f"/channels/{own[0].id}", f"/channels/{own[0].id}/rules/{own[1].id}"):
            assert client.get(path).status_code == 200
        assert client.get(f"/channels/{own[0].id}/rules/{others[1].id}").status_code == 404
        for path in ("", "/rules/new", f"/rules/{others[1].id}"):
            assert client.get(f"/channels/{others[0].id}{path}").status_code == 403
        for act in ("", "/test", "/switch", "/remove", "/rules/new", f"/rules/{others[1].id}/remove"):
            assert press(client, f"/channels/{others[0].id}{act}").status_code == 403
        assert others[0].name not in text(client.get("/channels/"))
    rita = sign_in(app.test_client(), cast.rita)
    assert press(rita, "/channels/", whose="installation", kind="email", address="a@b.example").status_code == 403
    assert Channel.select().count() == 2


def test_an_address_and_a_secret_are_written_once_and_not_shown_again(client, sign_in, cast):
    sign_in(client, cast.root)
    address = "https://hooks.example.com/services/T000/B000/very-secret-part"
    answer = press(client, "/channels/", whose="installation", kind="webhook", name="Ticket", address=address)
    [secret] = set(re.findall(r"<code>([\w-]{30,})</code>", text(answer)))
    channel = Channel.get()
    assert channels.open_values(channel) == {"address": address, "secret": secret}
    for path in ("/channels/", f"/channels/{channel.id}", "/audit/?tenant=all"):
        shown = text(client.get(path))
        assert "very-secret-part" not in shown
        assert secret not in shown
    press(client, f"/channels/{channel.id}", name="Tickets")
    channel = Channel.get()
    assert (channel.name, channels.open_values(channel)["address"]) == ("Tickets", address), "empty stays as it is"


def test_a_rule_is_changed_in_words_and_a_wrong_one_is_refused_as_it_was_typed(client, sign_in, cast):
    sign_in(client, cast.rita)
    channel = channels.add("Mine", ChannelKind.EMAIL, cast.rita.email, SYSTEM, owner=cast.rita)
    path = f"/channels/{channel.id}/rules/new"
    shown = text(client.get(path))
    assert "Contoso" in shown
    assert "Fabrikam" not in shown.split("<main")[1]
    given = {"event": ["change", "no_good_backup"], "min_severity": "medium", "pace": "daily", "daily_at": "06:45",
             "hours": "30", "tenants": "some", "tenant_id": [cast.contoso.id, cast.fabrikam.id], "is_active": "yes",
             "tags": "gold, North",
             "time_zone": "Europe/Vienna", "quiet_from": "22:00", "quiet_to": "06:00"}  # fmt: skip
    refused = press(client, path, **{**given, "quiet_to": ""})
    assert refused.status_code == 400
    assert 'value="06:45"' in text(refused)
    page = text(press(client, path, **given))
    for words in ("once a day, together", "at 06:45", "(Vienna)", "quiet from 22:00 to 06:00", "30 hours", "of Contoso",
                  "of tenants tagged gold, North",
                  "medium and high"):  # fmt: skip
        assert words in page, words
    rule = NoticeRule.get()
    assert rule.tenants == [cast.contoso.id], "of tenants that she does not see, none can be chosen"
    assert (rule.pace, rule.events) == (NoticePace.DAILY, [NoticeEvent.CHANGE, NoticeEvent.NO_GOOD_BACKUP])
    press(client, f"/channels/{channel.id}/rules/{rule.id}", **{**given, "pace": "hourly", "is_active": ""})
    rule = NoticeRule.get()
    assert (rule.pace, rule.is_active) == (NoticePace.HOURLY, False)
    press(client, f"/channels/{channel.id}/rules/{rule.id}/remove")
    assert not NoticeRule.select().exists()


def test_a_test_a_switch_and_a_removal(client, sign_in, cast):
    sign_in(client, cast.root)
    channel = channels.add("On call", ChannelKind.EMAIL, "oncall@contoso.example", SYSTEM)
    page = text(press(client, f"/channels/{channel.id}/test"))
    delivery = Delivery.get()
    assert delivery.is_test
    assert f'href="/channels/{channel.id}#delivery-{delivery.id}"' in page
    assert f'id="delivery-{delivery.id}"' in page
    assert "waits" in page
    assert "tells nothing until" in text(press(client, f"/channels/{channel.id}/switch", wanted="off"))
    assert "switched off" in text(client.get("/channels/"))
    assert "tells again" in text(press(client, f"/channels/{channel.id}/switch", wanted="on"))
    press(client, f"/channels/{channel.id}/remove")
    assert not Channel.select().exists()
    acts = [event.action for event in AuditEvent.select() if event.action.startswith("channel:")]
    assert acts == ["channel:added", "channel:tested", "channel:changed", "channel:changed", "channel:removed"]


@pytest.mark.parametrize("made_up", ["999999", "0", "99999999999999999999"])
def test_what_is_not_there_is_404(client, sign_in, cast, made_up):
    sign_in(client, cast.root)
    channel = channels.add("On call", ChannelKind.EMAIL, "oncall@contoso.example", SYSTEM)
    assert client.get(f"/channels/{made_up}").status_code == 404
    assert client.get(f"/channels/{channel.id}/rules/{made_up}").status_code == 404
