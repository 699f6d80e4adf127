"""An attacker who is an admin, in the browser, over the API and by command: no act makes backups vanish unseen.

Each act of the table ends in one of these: it is refused, it waits for its day, or the others are told. What the host's
shell can do beside it (the database, the settings, the clock) is what locked copies elsewhere are for.
"""

import re
from datetime import timedelta
from pathlib import Path

import pyrage
import pytest

import config
from actors.housekeeping import daily_prune
from db.audit.audit import SYSTEM
from db.backups import retention
from db.clock import utcnow
from db.models import (
    BackupSet,
    Channel,
    CopiedSet,
    CopyErasure,
    CopyStore,
    Notice,
    NoticeRule,
    Occurrence,
    Run,
    Tenant,
    User,
)
from db.notices import channels, conditions, notices, rules
from db.states import ChannelKind, NoticeEvent, RunKind, SiteRole
from tests.db.backups.test_retention import made, nights
from tests.support.copied import add_store, look_after, make_set, push_all, read_copy
from tests.support.forms import csrf_token
from tests.web.commands.test_copies import run_command

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
DELETION, ACT = NoticeEvent.DELETION_DUE, NoticeEvent.SAFEGUARD_CHANGED
OWN_KEY = str(pyrage.x25519.Identity.generate().to_public())


class Attacker:
    """`scene`: what is there to be attacked."""

    def __init__(self, client, cast, place, store, sets):
        self.client, self.cast, self.place, self.store, self.sets = client, cast, place, store, sets
        self.set_ids = {backup_set.id for backup_set in sets}
        self.tenant = f"/tenants/{cast.contoso.id}"

    @property
    def channel(self):
        return Channel.get(Channel.owner.is_null())

    def post(self, path, **data):
        return self.client.post(path, data={**data, "csrf_token": csrf_token(self.client, "/account/")})

    def prune(self):
        self.post(f"{self.tenant}/retention/prune")
        self.run_prunes()

    def run_prunes(self):
        for run in Run.select().where(Run.kind == RunKind.PRUNE, Run.ended_at.is_null()):
            daily_prune.prune.fn(run.id)

    def change_store(self, **data):
        given = {"name": self.store.name, "copy_days": "30", "rate": "", "is_active": "yes", **data}
        self.post(f"/copies/{self.store.id}", **given)


def keep_one_set(attacker):
    attacker.post(f"{attacker.tenant}/retention", last="1", daily="0", weekly="0", monthly="0")
    attacker.prune()


def end_a_protection(attacker):
    attacker.post(f"/backup-sets/{attacker.sets[0].id}/unpin")


def flood(attacker):
    """As many as there were good ones, and more; the daily pruning comes, which nobody began."""
    for _ in range(20):
        made(attacker.cast.contoso, 0)
    Tenant.update(pruned_at=None).execute()
    daily_prune.start_due_runs()
    attacker.run_prunes()


def remove_tenant(attacker):
    attacker.post(f"{attacker.tenant}/remove", name=attacker.cast.contoso.name)


def send_the_store_elsewhere(attacker):
    attacker.change_store(address="file:///elsewhere", recipients=OWN_KEY, copy_days="2")
    store = CopyStore.get()
    assert (store.address, store.recipients) == (attacker.store.address, attacker.store.recipients)


def put_a_store_of_own_keys_in_its_place(attacker):
    """Of the same name, at the same place: what is pushed from now on would open for the attacker alone."""
    name = attacker.store.name
    attacker.post(f"/copies/{attacker.store.id}/remove", typed_name=name)
    attacker.post("/copies/", kind="file", name=name, address=attacker.place.address, recipients=OWN_KEY,
                  copy_days="1")  # fmt: skip
    store = look_after(CopyStore.get())
    assert "other recovery keys" in store.error
    assert push_all(store) == []


def have_copies_deleted(attacker):
    """Of a tenant that is here it is refused; what is left of another waits for its day."""
    store, gone = CopyStore.get(), "99999999-0000-4000-8000-000000000000"
    CopiedSet.create(store=store, directory_id=gone, tenant_name="Gone", set_number=7_000_000, set_at=utcnow())
    for directory_id in (attacker.cast.fabrikam.directory_id, gone):
        attacker.post(f"/copies/{store.id}/removed/{directory_id}/erase", typed_directory=directory_id)
    [waiting] = CopyErasure.select()
    assert (waiting.directory_id, waiting.due_at > utcnow() + timedelta(days=6)) == (gone, True)


def redirect_the_channel(attacker):
    attacker.post(f"/channels/{attacker.channel.id}", name=attacker.channel.name, address="eve@example.com")


def have_the_channel_told_reports_alone(attacker):
    rule = NoticeRule.get(NoticeRule.channel == attacker.channel)
    attacker.post(f"/channels/{attacker.channel.id}/rules/{rule.id}", event="weekly_report", is_active="yes",
                  min_severity="high", pace="at_once")  # fmt: skip


def change_another_admin(**data):
    def act(attacker):
        max_ = attacker.cast.max
        attacker.post(f"/users/{max_.id}", **{"name": max_.name, "site_role": "admin", "is_active": "yes", **data})

    return act


# What is done -> what the others are told. In this order all of them are possible one after the other.
ACTS = (
    (keep_one_set, DELETION),
    (end_a_protection, ACT),
    (flood, DELETION),
    (lambda attacker: attacker.change_store(is_active=""), ACT),
    (lambda attacker: attacker.change_store(copy_days="1"), ACT),
    (send_the_store_elsewhere, ACT),
    (put_a_store_of_own_keys_in_its_place, ACT),
    (lambda attacker: attacker.post(f"{attacker.tenant}/switch-off"), ACT),
    (lambda attacker: attacker.post(f"{attacker.tenant}/disconnect"), ACT),
    (remove_tenant, DELETION),
    (lambda _: run_command("tenant", "remove", "Fabrikam", "--yes"), DELETION),
    (have_copies_deleted, DELETION),
    (redirect_the_channel, ACT),
    (have_the_channel_told_reports_alone, ACT),
    (lambda attacker: attacker.post(f"/channels/{attacker.channel.id}/switch", wanted="off"), ACT),
    (lambda attacker: attacker.post(f"/channels/{attacker.channel.id}/remove"), ACT),
    (change_another_admin(password="eve knows this one"), ACT),
    (change_another_admin(site_role="auditor"), ACT),
)


@pytest.fixture
def attacker(monkeypatch, app, cast, client, sign_in, redis_url, new_place):
    """Four good nights of Contoso, the oldest pinned, a copy of the newest in a store, and another admin who hears."""
    monkeypatch.setenv("TENANTKEEP_DELETION_DAYS", "7")
    config.settings.cache_clear()
    User.update(site_role=SiteRole.ADMIN).where(User.id == cast.max.id).execute()
    own = channels.add("Max", ChannelKind.EMAIL, cast.max.email, SYSTEM, owner=cast.max)
    helpdesk = channels.add("Helpdesk", ChannelKind.EMAIL, "help@example.com", SYSTEM)
    for channel in (own, helpdesk):
        rules.add_sensible(channel, "UTC", SYSTEM)
    sets = [backup_set for _, backup_set in sorted(nights(cast.contoso, 4).items(), reverse=True)]
    retention.pin(sets[0], "good", None, SYSTEM)
    retention.set_rules(cast.contoso, retention.RetentionRules(last=3), SYSTEM)
    place = new_place("file")
    copied = make_set(cast.fabrikam)
    store = add_store(place)
    push_all(store)
    conditions.look()
    Occurrence.delete().execute()
    sign_in(client, cast.root)
    return Attacker(client, cast, place, store, [*sets, copied])


def objects_in(place):
    folder = Path(place.address.removeprefix("file://"))
    return {path for path in folder.rglob("*") if path.is_file() and "probes" not in path.parts}


def test_no_act_makes_a_backup_vanish_unseen(attacker):
    before, copied = objects_in(attacker.place), CopiedSet.get(CopiedSet.tenant == attacker.cast.fabrikam)
    for number, (act, event) in enumerate(ACTS):
        known = {row.id for row in Occurrence.select()}
        act(attacker)
        conditions.look()
        there = {row.id: row.deletion_due_at for row in BackupSet.select()}
        assert attacker.set_ids <= there.keys(), f"{number}: a set is gone at once"
        assert all(at > utcnow() + timedelta(days=6) for at in there.values() if at), number
        assert before <= objects_in(attacker.place), number
        new = [row for row in Occurrence.select() if row.id not in known]
        assert event in {row.event for row in new}, f"{number}: nobody is told"
        # It reaches the other admin, by a channel that is nobody else's.
        notices.make(100)
        told = Notice.select().join(Channel).where(Channel.owner == attacker.cast.max)
        assert {row.id for row in new} <= {notice.occurrence_id for notice in told}, number
    assert len(read_copy(attacker.place, copied)) == 3, "with the recovery key of before"


def test_no_page_and_no_api_deletes_what_was_captured(app):
    """Whatever deletes in the product is named here: none of it is a set, a snapshot or a content, nor the copy of a
    tenant that is here."""
    kept = re.compile(r"(backup-sets|snapshots|policies|copies|contents|runs|audit)")
    deleting = {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"GET", "HEAD", "OPTIONS"}
        if (method == "DELETE" or re.search(r"delete|remove|destroy|purge|erase", rule.rule)) and kept.search(rule.rule)
    }
    assert deleting == {
        "POST /copies/<int:store_id>/remove",
        "POST /copies/<int:store_id>/removed/<directory_id>/erase",
        "POST /copies/<int:store_id>/removed/<directory_id>/keep",
    }
