"""Kept forms are bounded: in size, in number for each person, and in time."""

import time
from types import SimpleNamespace

from flask_login import login_user

from actors.queue.broker import locks
from web.security import kept_forms
from web.security.kept_forms import FormOwner, KeptWhy
from web.views.people.sign_in import SignedInUser


def test_the_newest_of_each_person_are_kept_and_none_that_is_too_large(app, cast):
    owner = FormOwner(cast.ada.id, "/")
    with app.test_request_context("/", method="POST", data={"reason": "INC-4711"}):
        names = [kept_forms.keep(owner, KeptWhy.SIGNED_OUT) for _ in range(kept_forms.KEPT_PER_PERSON + 3)]
        assert len(locks.keys("tenantkeep:kept-form:*")) == kept_forms.KEPT_PER_PERSON
        login_user(SignedInUser("x", SimpleNamespace(user=cast.ada, id=1)))
        found = [kept_forms.find(name) for name in names]
        assert [kept is None for kept in found] == [True] * 3 + [False] * kept_forms.KEPT_PER_PERSON
        assert found[-1].fields == [("reason", "INC-4711")]
        assert kept_forms.find("x") is kept_forms.find("5.x") is kept_forms.find("²") is None
    with app.test_request_context("/", method="POST", data={"reason": "x" * kept_forms.MAX_BYTES}):
        assert kept_forms.keep(owner, KeptWhy.SIGNED_OUT) is None


def test_a_form_of_long_ago_is_nobodys(app, cast):
    oldest = kept_forms.OLDEST_FORM_HOURS
    for hours, is_found in ((0, True), (oldest, True), (oldest + 1, False)):
        with app.app_context():
            token = kept_forms._signer().dumps([cast.ada.id, "/", int(time.time() // 3600) - hours])
        with app.test_request_context("/", method="POST", data={"form_of": token}):
            assert (kept_forms.find_owner() is not None) == is_found
