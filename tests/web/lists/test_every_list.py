"""What all lists do alike, tried on each of them: no page beyond the end, and nothing found is no dead end."""

import re

import pytest

from actors.documents.options import DocumentOptions
from actors.plans import drafts
from db.audit.audit import SYSTEM
from db.models import BackupSet, PolicyDocument, Tenant
from db.policies.policy_targets import IndexedTarget, TargetsOfPolicy, replace_targets
from db.states import DocumentFormat
from tests.support.changes import record_change
from tests.support.restore_steps import options
from web.lists.list_view import ListView

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def every_list(app):
    [admin] = app.extensions["admin"]
    return [view for view in admin._views if isinstance(view, ListView)]


@pytest.fixture
def lists(app, client, sign_in, cast, captured):
    """The addresses of all lists, each with a row or more; looked at by an admin."""
    BackupSet.create(tenant=cast.contoso, run=captured[0][1], selection={}, types={}, problems=[])
    drafts.from_snapshot(captured[0][2], cast.contoso, options(), SYSTEM)
    record_change(captured[0][0])
    PolicyDocument.create(tenant=cast.contoso, options=DocumentOptions().as_json(), format=DocumentFormat.HTML,
                          title="Contoso")  # fmt: skip
    replace_targets([captured[0][0]], {captured[0][0].id: TargetsOfPolicy([IndexedTarget("all users")])})
    sign_in(client, cast.root)
    found = [view.url.rstrip("/") + "/" for view in every_list(app)]
    assert {"/policies/", "/runs/", "/backup-sets/", "/restores/", "/tenants/", "/changes/", "/assignments/"} <= set(
        found
    )
    return found


def body(client, address):
    return client.get(address).get_data(as_text=True).partition("<tbody>")[2].partition("</tbody>")[0]


def test_a_page_beyond_the_end_is_the_last_one(lists, client):
    for address in lists:
        first, beyond = body(client, address), body(client, f"{address}?page=99999")
        assert first.count("<tr>") == beyond.count("<tr>") > 0, address
        assert 'class="empty"' not in beyond, address
        assert "page 10" not in client.get(f"{address}?page=99999").get_data(as_text=True), address


def test_where_nothing_is_found_a_link_clears_the_filters(lists, client):
    for address in lists:
        nothing = body(client, f"{address}?search=987654321")
        assert re.search(rf'No results\.\s*<a href="{address}">Clear filters</a>', nothing), address


def test_of_a_tenant_that_has_nothing_a_link_leads_to_all(lists, client, cast):
    empty = Tenant.create(name="Empty", directory_id="e", client_id="e")
    for address in [one for one in lists if one != "/tenants/"]:
        nothing = body(client, f"{address}?tenant={empty.id}")
        assert f'Nothing of Empty. <a href="{address}?tenant=all">Show all tenants</a>' in nothing, address
