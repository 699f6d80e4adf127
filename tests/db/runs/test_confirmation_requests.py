"""Who was asked to confirm a plan, and that nobody is asked for one plan twice in an hour."""

from datetime import timedelta

import pytest

from db.clock import utcnow
from db.models import Notification, Restore, Run
from db.restores import restore_drafts
from db.runs import confirmation_requests, notifications
from tests.support.restore_steps import as_previewed, options, person


@pytest.fixture
def restore(cast, captured):
    """Asked for by Ada, and previewed."""
    items = restore_drafts.new_items_from_snapshots([captured[0][2]])
    source = restore_drafts.RestoreSource(cast.contoso.directory_id, "a snapshot")
    restore = as_previewed(restore_drafts.create(cast.contoso, source, items, options(), person(cast.ada.id)))
    preview(restore)
    return restore


def preview(restore):
    return Run.create(tenant=restore.tenant, kind="restore.preview", state="succeeded", restore_id=restore.id,
                      dedupe_key="x")  # fmt: skip


def test_a_plan_is_asked_for_once_an_hour_and_another_plan_at_once(restore, cast):
    ada = person(cast.ada.id)
    assert confirmation_requests.find_recent(restore) is None
    assert confirmation_requests.ask(restore, [cast.max, cast.root], ada)
    assert not confirmation_requests.ask(restore, [cast.max], person(cast.root.id))
    found = confirmation_requests.find_recent(restore)
    assert (found.asked_by, found.names) == ("Ada", ["Max", "Root"])
    assert notifications.unread_count(cast.max.id) == 1, "it is news"
    confirmation_requests.mark_read(restore, cast.max.id)
    assert notifications.unread_count(cast.max.id) == 0
    unread = Notification.select().where(Notification.asked_at.is_null(False) & Notification.read_at.is_null())
    assert [row.user for row in unread] == [cast.root], "who has looked at it is told so no more"
    preview(restore)
    assert confirmation_requests.ask(restore, [cast.max], ada), "another preview, another plan"
    Notification.update(asked_at=utcnow() - timedelta(minutes=61)).execute()
    assert confirmation_requests.find_recent(Restore.get_by_id(restore.id)) is None
