"""A change's page: what, how grave, when, who, and what is kept from whom."""

from datetime import timedelta

import pytest

from db.audit.audit import Actor
from db.clock import utcnow
from db.states import ChangeKind
from tests.support.captures import capture_by_hand
from tests.support.changes import record_change, record_event, record_log


@pytest.fixture
def changed(cast, captured):
    """A policy of which a setting and a password changed."""
    policy = captured[0][0]
    actor = Actor.person(cast.ada, None)
    before, after = (
        capture_by_hand(policy, actor, {"name": policy.name, "description": text, "password": word, "settings": []})[1]
        for text, word in (("As it was", "hush one"), ("As <b>somebody</b> made it", "hush two"))
    )
    return record_change(policy, before=before, after=after)


@pytest.fixture
def read(client, sign_in):
    def read(change, person):
        return sign_in(client, person).get(f"/changes/{change.id}").get_data(as_text=True).replace("&#39;", "'")

    return read


def test_values_are_shown_as_the_comparison_shows_them_and_secrets_are_not(read, changed, cast):
    for person in (cast.rita, cast.max):
        page = read(changed, person)
        assert "As it was" in page
        assert "As &lt;b&gt;somebody&lt;/b&gt; made it" in page
        assert "hush" not in page
        assert f"/snapshots/{changed.before_id}/compare/{changed.after_id}" in page
    assert "are masked, and not compared here" in read(changed, cast.max)
    assert "are shown to managers only" in read(changed, cast.rita)


def test_every_event_meanwhile_is_told_with_its_result(read, changed, cast):
    record_event(changed.policy)
    record_event(changed.policy, None, doer_kind="not_stated", activity="Update policy", is_success=False)
    record_event(changed.policy, "too early", at=utcnow() - timedelta(days=2))
    record_log(cast.contoso)
    page = read(changed, cast.rita)
    assert "by anna@<wbr>contoso.example in the portal" in page
    assert "somebody whom Microsoft's log does not name" in page
    assert "failed" in page
    assert "from 192.0.2.44" in page
    assert "too early" not in page
    assert "Intune audit log: read from" in page


def test_ours_is_told_as_ours(read, changed, cast):
    record_event(changed.policy, "Tenantkeep", doer_kind="app", restore_id=7)
    assert 'by <a href="/restores/7">restore 7</a> of ours' in read(changed, cast.rita)


def test_what_has_no_other_side_says_so_and_leads_to_the_one_there_is(read, captured, cast):
    policy, _, snapshot = captured[0]
    added = record_change(policy, kind=ChangeKind.ADDED, after=snapshot, since_at=None)
    assert "There is nothing before it to compare with." in read(added, cast.rita)
    removed = record_change(policy, kind=ChangeKind.REMOVED, before=snapshot)
    page = read(removed, cast.ada)
    assert "no longer in the tenant" in page
    assert f"/changes/{removed.id}/put-back" in page
    assert f"/changes/{removed.id}/put-back" not in read(removed, cast.rita), "a reader is offered nothing"
    assert "No snapshot of it is kept any longer." in read(record_change(policy), cast.rita)


def test_a_change_of_another_tenant_is_refused(client, sign_in, cast, captured):
    change = record_change(captured[2][0])
    assert sign_in(client, cast.max).get(f"/changes/{change.id}").status_code == 403
