"""From a change in the simulated tenant to a mail server: a look, its assessment, the sweep, a worker."""

import pytest
from aiosmtpd.controller import Controller

import config
from actors import scheduler
from db.audit.audit import SYSTEM
from db.models import Change, Delivery
from db.notices import channels, rules
from db.notices.rules import RuleChoice
from db.states import ChannelKind, DeliveryState, NoticeEvent, Severity
from tests.actors.backups.test_watch import TYPE, ago, permissions, watched  # noqa: F401 - fixtures
from tests.actors.notices.test_email_sender import Mailbox
from tests.support import servers
from tests.support.outside_changes import ANNA
from tests.support.servers import free_port

ADDRESS = "https://tenantkeep.example.com"


@pytest.fixture
def box(monkeypatch):
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=free_port(), ready_timeout=60)
    controller.start()
    monkeypatch.setenv("TENANTKEEP_SMTP_URL", f"smtp://127.0.0.1:{controller.port}")
    monkeypatch.setenv("TENANTKEEP_MAIL_FROM", "Tenantkeep <tenantkeep@example.com>")
    monkeypatch.setenv("TENANTKEEP_PUBLIC_URL", ADDRESS)
    config.settings.cache_clear()
    yield box
    controller.stop(no_assert=True)
    monkeypatch.undo()
    config.settings.cache_clear()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_change_in_the_tenant_is_one_mail_with_its_author_and_a_link(box, watched):  # noqa: F811
    channel = channels.add("On call", ChannelKind.EMAIL, "oncall@contoso.example", SYSTEM)
    rules.add(channel, RuleChoice([NoticeEvent.CHANGE], min_severity=Severity.LOW), SYSTEM)
    policy = watched.policies[0]
    watched.outside.rename(TYPE, policy.graph_id, "Renamed by Anna", at=ago(minutes=10), by=ANNA)
    watched.look()
    sent = Delivery.select().where(Delivery.state == DeliveryState.SENT)
    servers.wait_for(lambda: scheduler.sweep() or sent.exists(), "The mail")
    [change] = Change.select()
    [(recipients, mail)] = box.mails
    text = mail.get_body(["plain"]).get_content()
    assert recipients == ["oncall@contoso.example"]
    assert mail["Subject"] == "Contoso: “Renamed by Anna” (Settings catalog) was changed"
    assert f"Changed: by {ANNA['name']}" in text
    assert f"{ADDRESS}/changes/{change.id}" in text
    scheduler.sweep()
    assert Delivery.select().count() == 1
