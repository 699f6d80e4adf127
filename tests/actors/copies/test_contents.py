"""What is there already is kept, and locked, for as long as a newer set needs it."""

from datetime import timedelta

import pytest

from actors.copies import layout
from actors.copies.stores.opening import open_store
from db.clock import utcnow
from db.models import CopiedContent
from tests.support.copied import add_store, make_set, push_all

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
DAY = timedelta(days=1)


def test_a_content_that_a_newer_set_needs_is_locked_for_longer(cast, redis_url, new_place):
    place = new_place("s3")
    store = add_store(place, copy_days=8)
    make_set(cast.contoso)
    push_all(store)
    there = open_store(place.address, place.credentials)
    content = CopiedContent.select().first()
    first = there.lock_of(layout.content_path(content.name))
    # As eight days later.
    CopiedContent.update(kept_until=utcnow() + DAY).execute()
    make_set(cast.contoso)
    push_all(store)
    assert there.lock_of(layout.content_path(content.name)) >= first
    assert CopiedContent.get_by_id(content.id).kept_until > utcnow() + 8 * DAY
