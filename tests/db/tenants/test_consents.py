"""A request for consent: its link, its way to Microsoft, and what becomes of an answer."""

from datetime import timedelta

import pytest

from db.audit.audit import SYSTEM, Actor
from db.clock import utcnow
from db.errors import Invalid
from db.models import AuditEvent, ConsentRequest
from db.states import AppAccess, ConsentState
from db.tenants import consents
from db.tenants.consents import WantedConsent

pytestmark = pytest.mark.usefixtures("lock_order")
OTHER = "99999999-9999-4999-8999-999999999999"


@pytest.fixture
def asked(cast):
    """A request of root's for Contoso, and its token."""
    return consents.ask(WantedConsent("Contoso", AppAccess.READ, cast.contoso), Actor.person(cast.root, "127.0.0.1"))


def now_of(request):
    return ConsentRequest.get_by_id(request.id)


def test_a_link_leads_on_until_it_is_used_withdrawn_replaced_or_over(asked, cast):
    request, token = asked
    assert consents.find_by_link(token) == request
    assert consents.find_by_link(f"{token}x") is None
    renewed = consents.new_link(request, SYSTEM)
    assert (consents.find_by_link(token), consents.find_by_link(renewed)) == (None, request)
    ConsentRequest.update(expires_at=utcnow() - timedelta(seconds=1)).execute()
    assert consents.find_by_link(renewed) is None
    token = consents.new_link(request, SYSTEM)
    consents.withdraw(request, SYSTEM)
    assert consents.find_by_link(token) is None
    with pytest.raises(Invalid, match="Load the page again"):
        consents.new_link(request, SYSTEM)
    for secret in (token, renewed):
        assert secret not in str(list(ConsentRequest.select().dicts())) + str(list(AuditEvent.select().dicts()))


def test_a_way_to_microsoft_comes_back_once_and_in_time(asked):
    request, _ = asked
    first, second = consents.begin_way(request), consents.begin_way(request)
    assert consents.use_way(first) is None, "another way was begun since"
    assert (consents.use_way(second), consents.use_way(second)) == (request, None)
    late = consents.begin_way(request)
    ConsentRequest.update(left_at=utcnow() - timedelta(minutes=31)).execute()
    assert consents.use_way(late) is None
    kept = consents.begin_way(request)
    consents.withdraw(request, SYSTEM)
    assert consents.use_way(kept) is None


def test_only_the_directory_that_was_meant_goes_on_by_itself(asked, cast):
    request, token = asked
    consents.record_refusal(request, "The administrator declined.", SYSTEM)
    assert (now_of(request).state, now_of(request).refusal) == (ConsentState.WAITING, "The administrator declined.")
    assert consents.find_by_link(token), "it may be tried again"
    assert not consents.record_answer(request, OTHER, SYSTEM)
    assert (now_of(request).state, now_of(request).answered_id) == (ConsentState.ANSWERED, OTHER)
    with pytest.raises(Invalid, match="Load the page again"):
        consents.record_answer(request, cast.contoso.directory_id, SYSTEM)
    consents.reject(now_of(request), SYSTEM)
    meant, _ = consents.ask(WantedConsent("Contoso", AppAccess.WRITE, cast.contoso), SYSTEM)
    assert consents.record_answer(meant, cast.contoso.directory_id.upper(), SYSTEM)
    anyone, _ = consents.ask(WantedConsent("New", AppAccess.READ), SYSTEM)
    assert not consents.record_answer(anyone, cast.fabrikam.directory_id, SYSTEM)
    consents.confirm(anyone, cast.fabrikam, SYSTEM)
    assert (now_of(anyone).state, now_of(anyone).tenant) == (ConsentState.ACCEPTED, cast.fabrikam)
    acts = [event.action for event in AuditEvent.select().where(AuditEvent.action.startswith("consent:"))]
    assert acts == [f"consent:{act}" for act in ("asked", "answered", "answered", "rejected", "asked", "answered",
                                                 "asked", "answered", "confirmed")]  # fmt: skip
    assert consents.of_tenant(cast.contoso) == [meant, request]
    assert consents.waiting(5) == []


def test_what_is_long_over_goes_with_the_next_request(asked):
    ConsentRequest.update(asked_at=utcnow() - timedelta(days=91)).execute()
    request, _ = consents.ask(WantedConsent("New", AppAccess.READ), SYSTEM)
    assert [row.id for row in ConsentRequest.select()] == [request.id]
