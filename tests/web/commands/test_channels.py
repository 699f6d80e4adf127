"""`tenantkeep channel`, and what doctor and /metrics say of channels."""

import json
import threading
from types import SimpleNamespace

import pytest
from aiosmtpd.controller import Controller
from click.testing import CliRunner

import config
from actors.housekeeping import daily_prune
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.database import database as handle
from db.models import Channel, Delivery
from db.notices import channels, deliveries
from db.notices.deliveries import Refusal
from db.states import ChannelKind
from tests.support import servers
from tests.support.servers import free_port
from web.commands import channels as channel_commands
from web.commands import cli, doctor
from web.metrics import figures

URL = "https://hooks.example.com/services/a-secret-path"

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def run(database):
    """run(*words, given=""): the command's exit code and output; the database is open again after it."""

    def act(*words, given=""):
        handle.close()
        result = CliRunner().invoke(cli, ["channel", *words], input=given)
        handle.connect(reuse_if_open=True)
        return result

    return act


def test_a_channel_is_added_from_standard_input_and_its_secret_shown_once(run):
    added = json.loads(run("add", "Hook", "--kind", "webhook", "--address-stdin", "--json", given=URL + "\n").stdout)
    assert len(added["secret"]) > 16
    assert added["address"] == "hooks.example.com/…"
    given = run("add", "Own", "--kind", "webhook", "--address-stdin", "--secret-stdin", given=f"{URL}\n{'s' * 20}\n")
    assert "s" * 20 not in given.stdout
    assert channels.open_values(Channel.get(Channel.name == "Own"))["secret"] == "s" * 20
    listed = run("list").stdout
    assert "Hook: hooks.example.com/…" in listed
    assert "a-secret-path" not in listed + given.stdout
    private = ("add", "Lab", "--kind", "slack", "--address-stdin")
    assert run(*private, given="http://127.0.0.1:1/x\n").exception
    assert run(*private, "--allow-private", given="http://127.0.0.1:1/x\n").exit_code == 0


def test_a_test_waits_for_what_became_of_it(run, monkeypatch):
    channel = channels.add("Hook", ChannelKind.SLACK, URL, SYSTEM)
    monkeypatch.setattr(channel_commands, "TEST_SECONDS", 60)

    def answer(refusal):
        handle.connect(reuse_if_open=True)
        waiting = Delivery.select().where(Delivery.state == "waiting")
        servers.wait_for(waiting.exists, "The message")
        delivery = deliveries.claim(waiting.get().id, 0)
        if refusal:
            deliveries.record_refusal(delivery, Refusal(refusal))
        else:
            deliveries.record_sent(delivery, "200 ok")
        handle.close()

    for refusal, code, words in (("", 0, "Sent by Hook: 200 ok"), ("It answered 500", 1, "It answered 500")):
        thread = threading.Thread(target=answer, args=(refusal,))
        thread.start()
        result = run("test", "hook")
        thread.join()
        assert (result.exit_code, words in result.stdout) == (code, True), result.stdout
    assert Channel.get_by_id(channel.id).error == "It answered 500"
    monkeypatch.setattr(channel_commands, "TEST_SECONDS", 0.1)
    assert "Is a scheduler up" in run("test", "hook").stdout


def test_doctor_and_metrics_name_what_does_not_arrive(database):
    channel = channels.add("Ops", ChannelKind.SLACK, URL, SYSTEM)
    assert list(doctor._channels()) == []
    for number in range(2):
        made = deliveries.create(channel, [], utcnow())
        if number == 0:
            deliveries.record_refusal(deliveries.claim(made.id, 0), Refusal("It refused: 404", is_final=True))
    [(ok, what, sentence)] = doctor._channels()
    assert (ok, what) == (False, "channels")
    assert "Ops (hooks.example.com/…)" in sentence
    assert "404" in sentence
    text = figures.metrics_text(with_tenants=False, is_openmetrics=False)
    for line in ("notices_waiting 1", "notices_failed 1", "channels_failing 1"):
        assert f"tenantkeep_{line}\n" in text


def test_doctor_asks_the_mail_server(database):
    controller = Controller(SimpleNamespace(), hostname="127.0.0.1", port=free_port(), ready_timeout=60)
    controller.start()

    def findings(url):
        return list(
            doctor._mail_server(SimpleNamespace(smtp=config.parsers.smtp(url), mail_from="tenantkeep@example.com"))
        )

    try:
        [(ok, what, sentence)] = findings(f"smtp://127.0.0.1:{controller.port}")
    finally:
        controller.stop()
    assert (ok, what) == (True, "mail server")
    assert "tenantkeep@example.com" in sentence
    [(ok, _, sentence)] = findings(f"smtp://127.0.0.1:{free_port()}")
    assert not ok
    assert "cannot be reached" in sentence


def test_the_daily_pruning_takes_old_deliveries(database, redis_url):
    channel = channels.add("Ops", ChannelKind.SLACK, URL, SYSTEM)
    made = deliveries.create(channel, [], utcnow())
    deliveries.record_sent(deliveries.claim(made.id, 0), "200")
    Delivery.update(created_at=utcnow() - 2 * deliveries.KEPT_FOR).execute()
    daily_prune._delete_old_rows()
    assert not Delivery.select().exists()
