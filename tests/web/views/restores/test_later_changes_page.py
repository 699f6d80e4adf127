"""The page of what changed in a tenant: its lines, and what it does not know."""

import re

from db.clock import utcnow
from db.models import Coverage
from db.states import Offer
from web.views.restores import later_changes_page


def address(cast):
    return f"/tenants/{cast.contoso.id}/changes"


def test_each_change_is_a_line_in_words_and_only_what_can_be_put_back_has_a_tick(client, sign_in, cast, broken):
    page = sign_in(client, cast.ada).get(address(cast)).get_data(as_text=True)
    assert "3 policies are not as in the backup of" in page
    assert "Description added" in page
    assert "Deleted from the tenant." in page
    assert "Removing it is not offered here" in page
    assert sorted(re.findall(r'name="version"\s+value="(\d+)"', page)) == sorted(str(one.id) for one in broken)
    assert page.index("Made since") > page.index("Description added"), "what can only be looked at comes last"


def test_what_could_not_be_read_is_never_called_unchanged(client, sign_in, cast, captured):
    Coverage.create(
        tenant=cast.contoso,
        policy_type="deviceConfigurations",
        offer=Offer.NOT_PERMITTED,
        bad_since=utcnow(),
        why="The app registration lacks the permission X.",
    )
    page = sign_in(client, cast.rita).get(address(cast)).get_data(as_text=True)
    unread = page.partition('id="unread"')[2]
    assert "Nobody can say whether these changed." in unread
    assert "The app registration lacks the permission X." in unread
    assert "was never fully backed up" in page


def test_a_reader_sees_what_changed_and_is_offered_nothing(client, sign_in, cast, broken):
    page = sign_in(client, cast.rita).get(address(cast)).get_data(as_text=True)
    assert "Description added" in page
    assert f'href="/changes/?tenant={cast.contoso.id}"' in page, "who made them stands there"
    for act in ("Look now", "Put back what is ticked", 'name="version"'):
        assert act not in page


def test_what_is_too_large_for_a_list_is_said_to_have_changed_and_can_be_put_back(
    client, sign_in, cast, broken, monkeypatch
):
    monkeypatch.setattr(later_changes_page, "MOST_BYTES_COMPARED", 10)
    page = sign_in(client, cast.ada).get(address(cast)).get_data(as_text=True)
    assert "It is too large to be compared in this list" in page
    assert page.count('name="version"') == 2
