"""Subscribers are notified."""

import pytest

from db.accounts import users
from db.runs import notifications

pytestmark = pytest.mark.usefixtures("lock_order")


def test_subscribers_hear_of_every_run_of_the_tenant(start, cast):
    users.set_subscribed(cast.rita, cast.contoso, True)
    start(cast.ada)
    assert notifications.unread_count(cast.rita.id) == 1
