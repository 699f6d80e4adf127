"""What a customer's administrator sees, and what their answer does."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from db.clock import utcnow
from db.models import AuditEvent, ConsentRequest, Run, Tenant
from db.states import AppAccess, ConsentState, CredentialPlace
from db.tenants import credentials
from tests.support.consenting import CUSTOMER, OTHER, WRITER, decide

pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.usefixtures("lock_order", "quick"),
]


def request_now():
    return ConsentRequest.select().order_by(ConsentRequest.id.desc()).first()


def test_an_administrator_agrees_and_the_tenant_is_backed_up_by_itself(app, make_link, worker, ended, caplog):
    [link] = make_link(directory_id=CUSTOMER, tags="north")
    theirs = app.test_client()
    page = theirs.get(link)
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert all(words in page.get_data(as_text=True) for words in ("<strong>read</strong>", CUSTOMER, "Root"))
    leaving = theirs.get(f"{link}/go")
    asked = parse_qs(urlsplit(leaving.location).query)
    assert (asked["redirect_uri"], CUSTOMER in leaving.location) == (["http://localhost/connect/return"], True)
    back = decide(leaving.location, "agree")
    assert "the rest goes on by itself" in theirs.get(back).get_data(as_text=True)
    assert ended(Run.get(Run.kind == "tenant.connect").id).state == "succeeded"
    assert ended(Run.get(Run.kind == "backup_set.capture").id).state == "succeeded"
    tenant = Tenant.get(Tenant.directory_id == CUSTOMER)
    assert (tenant.is_active, tenant.credential_kind, tenant.client_id != WRITER) == (True, "shared", True)
    for used in (link, f"{link}/go", back):
        assert theirs.get(used).status_code in (400, 404), "it leads nowhere now"
    token = link.rpartition("/")[2]
    assert token not in caplog.text + str(list(AuditEvent.select().dicts())) + str(
        list(ConsentRequest.select().dicts())
    )


def test_a_refusal_is_said_at_both_ends_and_may_be_tried_again(app, make_link, admin):
    [link] = make_link(directory_id=CUSTOMER)
    theirs = app.test_client()
    back = decide(theirs.get(f"{link}/go").location, "refuse")
    answer = theirs.get(back)
    assert (answer.status_code, "The administrator declined" in answer.get_data(as_text=True)) == (409, True)
    seen = admin.get(f"/tenants/connect/requests/{request_now().id}").get_data(as_text=True)
    assert "The administrator declined" in seen
    assert theirs.get(link).status_code == 200
    assert not Run.select().exists()


def test_an_answer_counts_once_in_the_browser_that_asked_and_in_time(app, make_link):
    [link] = make_link(directory_id=CUSTOMER)
    theirs, stranger = app.test_client(), app.test_client()
    back = decide(theirs.get(f"{link}/go").location, "agree")
    assert stranger.get(back).status_code == 400
    assert theirs.get(back.replace("state=", "state=x")).status_code == 400
    assert theirs.get(back).status_code == 400, "a way is gone with its first answer"
    late = decide(theirs.get(f"{link}/go").location, "agree")
    ConsentRequest.update(left_at=utcnow() - timedelta(minutes=31)).execute()
    assert theirs.get(late).status_code == 400
    assert (request_now().state, Run.select().count()) == (ConsentState.WAITING, 0)
    pages = [theirs.get(path).get_data(as_text=True) for path in ("/connect/unknown", "/connect/unknown/go", late)]
    ConsentRequest.update(state=ConsentState.WITHDRAWN).execute()
    assert len({*pages, theirs.get(link).get_data(as_text=True)}) == 1, "they are answered alike"


def test_another_directory_waits_for_an_admin_and_nothing_is_asked_of_it(app, make_link):
    [link] = make_link(directory_id=CUSTOMER)
    theirs = app.test_client()
    answer = theirs.get(decide(theirs.get(f"{link}/go").location, "agree", OTHER))
    assert "Another directory answered" in answer.get_data(as_text=True)
    assert (request_now().state, request_now().answered_id) == (ConsentState.ANSWERED, OTHER)
    assert not Run.select().exists()


def test_writing_is_asked_for_by_a_link_of_its_own(app, make_link, worker, ended):
    links = make_link(directory_id=CUSTOMER, access="write")
    assert len(links) == 2
    theirs = app.test_client()
    for link, kind in zip(links, ("tenant.connect", "tenant.credential"), strict=True):
        theirs.get(decide(theirs.get(f"{link}/go").location, "agree"))
        assert ended(Run.get(Run.kind == kind).id).state == "succeeded"
    tenant = Tenant.get(Tenant.directory_id == CUSTOMER)
    assert tenant.client_id != WRITER, "backups read with the other app"
    assert credentials.find_at(tenant, CredentialPlace.WRITE).client_id == WRITER
    assert {row.access for row in ConsentRequest.select()} == set(AppAccess)
