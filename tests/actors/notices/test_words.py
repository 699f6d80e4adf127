"""Messages: what, where, since when, who, one link; hostile names harmless; many grouped, the gravest first."""

from datetime import datetime, timedelta

import pytest

import config
from actors.notices import email_sender, outgoing, slack_sender, teams_sender, webhook_sender, words
from db.accounts import users
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.definitions import definitions
from db.models import Change, Membership, Notice, Policy, Tenant, TenantEvent, TenantEventPolicy
from db.notices import channels, deliveries, notices, occurrences, rules
from db.notices.deliveries import Refusal
from db.notices.rules import RuleChoice
from db.states import ChangeKind, ChannelKind, NoticeEvent, Severity
from tests.support.definitions import row

ADDRESS = "https://tenantkeep.contoso.example"
# A mail's header, Slack's and Teams' marks, HTML, and a name that reads backwards.
HOSTILE = "x\r\nBcc: all@contoso.example\n<!channel> [free](https://evil.example) *b* <script>\u202egnp.exe\u2066\x00"
AT = datetime(2026, 11, 26, 2, 12)


@pytest.fixture
def told(cast, monkeypatch):
    """told(): the message of what has begun; the rule's clock is Vienna's."""
    monkeypatch.setenv("TENANTKEEP_PUBLIC_URL", ADDRESS)
    config.settings.cache_clear()
    channel = channels.add("On call", ChannelKind.EMAIL, "oncall@contoso.example", SYSTEM)
    rules.add(
        channel,
        RuleChoice(list(NoticeEvent), min_severity=Severity.LOW, time_zone="Europe/Vienna", hours=26),
        SYSTEM,
    )

    def told(phase="began"):
        notices.make()
        mine = list(Notice.select().where(Notice.delivery.is_null()))
        return words.message_of(deliveries.create(channel, mine, utcnow()))

    yield told
    monkeypatch.undo()
    config.settings.cache_clear()


def change(policy, severity=Severity.HIGH, **columns):
    """A change of the policy, and its occurrence."""
    given = {"kind": ChangeKind.CHANGED, "severity": severity, "since_at": AT - timedelta(hours=2), "seen_at": AT,
             "difference_count": 3, **columns}  # fmt: skip
    made = Change.create(tenant=policy.tenant, policy=policy, **given)
    occurrences.begin(NoticeEvent.CHANGE, f"change:{made.id}", policy.tenant, severity=severity, change_id=made.id)
    return made


def event(policy, **columns):
    given = {"log": "intune", "event_id": f"e{TenantEvent.select().count()}", "at": AT - timedelta(minutes=3),
             "activity": "Patch", "operation": "update", "doer_kind": "person", "doer_name": "anna@contoso.example",
             "object_ids": [], "properties": [], "policy_types": [], **columns}  # fmt: skip
    made = TenantEvent.create(tenant=policy.tenant, **given)
    TenantEventPolicy.create(event=made, policy=policy, at=made.at)


def test_a_change_says_what_where_when_who_and_has_one_link(cast, told):
    policy = Policy.select().where(Policy.tenant == cast.contoso).first()
    setting = "device_vendor_msft_policy_config_privacy_letappsaccesscamera"
    definitions.save_answers("en", [row(setting, "Let Apps Access Camera")], set())
    places = [(f"body/settings/{setting}/settingInstance", "Kept"), ("body/a", "A"), ("body/b", "B"), ("body/c", "C")]
    differences = [{"path": path, "label": label, "how": "changed"} for path, label in places]
    made = change(policy, differences=differences, difference_count=4)
    event(policy)
    message = told()
    assert message.subject == "Contoso: “Contoso policy 1” (Settings catalog) was changed"
    assert message.facts == (
        ("Tenant", "Contoso"),
        ("Severity", "high"),
        ("Seen", "26 Nov 03:12 Vienna"),
        ("Changed", "by anna@contoso.example"),
        ("As before until", "26 Nov 01:12 Vienna"),
        ("Differences", "4"),
        ("What changed", "Let Apps Access Camera, A, B and 1 more"),
    )
    assert (message.link, message.severity) == (f"{ADDRESS}/changes/{made.id}", Severity.HIGH)
    assert message.lines == ("Sent by the channel “On call”, which says what it tells.",)


def test_without_an_address_it_says_where_to_look_and_has_no_link(cast, told, monkeypatch):
    monkeypatch.delenv("TENANTKEEP_PUBLIC_URL")
    config.settings.cache_clear()
    made = change(Policy.select().first())
    message = told()
    assert message.link == ""
    assert message.lines[-1] == f"Look in Tenantkeep under: Changes, change {made.id}."


def test_many_are_grouped_by_tenant_the_gravest_first_and_the_rest_is_counted(cast, told):
    for tenant, severity, count in ((cast.contoso, Severity.LOW, 3), (cast.fabrikam, Severity.HIGH, 30)):
        policy = Policy.select().where(Policy.tenant == tenant).first()
        for _ in range(count):
            change(policy, severity)
    message = told()
    assert message.subject == "33 changes from 2 tenants, 30 of them high"
    assert message.lines[0] == "Fabrikam:"
    assert message.lines[1].startswith("• 26 Nov 03:12 Vienna high: “Fabrikam policy 1” (Settings catalog) was changed")
    assert message.lines[6:8] == ("… and 25 more in Fabrikam", "Contoso:")
    assert len(message.lines) == 12
    assert (message.link, message.severity) == (f"{ADDRESS}/changes/", Severity.HIGH)


def test_a_flood_of_one_tenant_is_fifteen_lines_and_a_count(cast, told):
    policy = Policy.select().where(Policy.tenant == cast.contoso).first()
    for _ in range(55):
        change(policy)
    message = told()
    assert message.subject == "Contoso: 55 changes, all of them high"
    assert message.lines[15] == "… and 40 more in Contoso"
    assert message.link == f"{ADDRESS}/changes/?tenant={cast.contoso.id}"


def test_hostile_names_are_harmless_in_every_sender(cast, told):
    policy = Policy.select().where(Policy.tenant == cast.contoso).first()
    Policy.update(name=HOSTILE).where(Policy.id == policy.id).execute()
    Tenant.update(name=HOSTILE).where(Tenant.id == cast.contoso.id).execute()
    change(policy)
    event(policy, doer_name=HOSTILE)
    message = told()
    for text in (message.subject, *message.lines, *(value for _, value in message.facts)):
        assert text.isprintable(), text
    delivery = deliveries.Delivery.get()
    to = outgoing.outgoing(delivery, message)
    mail = email_sender.mail(to, "Tenantkeep <tenantkeep@contoso.example>")
    assert mail["Bcc"] is None
    page = mail.get_body(("html",)).get_content()
    assert "<script>" not in page
    assert 'href="https://evil' not in page
    slack = slack_sender.document(to)
    assert "<!channel>" not in slack["text"]
    marked = [block["text"]["text"] for block in slack["blocks"] if block["text"]["type"] == "mrkdwn"]
    assert marked == [f"<{message.link}|Open in Tenantkeep>"]
    card = teams_sender.document(to)["attachments"][0]["content"]
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}, "no Markdown is read in it"
    assert webhook_sender.document(to)["subject"] == to.subject


def test_what_its_owner_may_no_longer_see_is_not_told(cast):
    mine = channels.add("Mine", ChannelKind.EMAIL, cast.rita.email, SYSTEM, owner=cast.rita)
    rules.add(mine, RuleChoice(list(NoticeEvent)), SYSTEM)
    change(Policy.select().where(Policy.tenant == cast.contoso).first())
    notices.make()
    [delivery] = notices.bundle(mine.id)
    assert "Contoso" in words.message_of(delivery).subject
    users.remove_member(Membership.get(user=cast.rita), SYSTEM)
    with pytest.raises(Refusal) as e:
        words.message_of(delivery)
    assert e.value.is_final
