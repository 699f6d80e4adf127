"""`/imports/<id>/compare/`: with the tenant as captured last, a set or another import; 25 pairs opened at a time."""

import pytest

from actors.document_sources import imported
from db.audit.audit import SYSTEM
from db.models import Policy
from tests.actors.changes.test_import_comparison import exported, import_of
from tests.actors.changes.test_whole_comparison import backup_set, captured, policy
from tests.support.captures import capture_by_hand

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
COMPLIANCE, ANDROID = "deviceCompliancePolicies", "#microsoft.graph.androidCompliancePolicy"


def shown(client, address):
    answer = client.get(address)
    return answer.status_code, " ".join(answer.get_data(as_text=True).split())


@pytest.fixture
def phones(cast):
    """A compliance policy as captured, and an import of it with another length and another secret."""
    row = policy(cast.contoso, "Phones", 99, COMPLIANCE)
    Policy.update(odata_type=ANDROID).where(Policy.id == row.id).execute()
    body = {"@odata.type": ANDROID, "displayName": "Phones", "passwordMinimumLength": 4, "apiKey": "hush~ours"}
    capture_by_hand(row, SYSTEM, body)
    body |= {"passwordMinimumLength": 6, "apiKey": "hush~theirs"}
    return exported("Phones", policy_type=COMPLIANCE, **body)


def test_it_says_what_is_where_and_what_differs_in_microsofts_words_without_secrets(client, sign_in, cast, phones):
    for name, text in (("Firewall", ""), ("Camera", ""), ("Ours only", "")):
        captured(policy(cast.contoso, name, len(name)), text)
    row = import_of(cast.contoso, phones, exported("Firewall"), exported("<b>Theirs</b>"))
    sign_in(client, cast.rita)
    assert f'href="/imports/{row.id}/compare/"' in client.get(f"/imports/{row.id}").get_data(as_text=True)
    status, page = shown(client, f"/imports/{row.id}/compare/")
    assert status == 200
    for words in ("Nightly compared with Contoso as captured last", "2 in both", "1 only in the import",
                  "&lt;b&gt;Theirs", "2 only on the other side", "Minimum password length",
                  "assignments of 2 policies below were not", "the same", "paired by type and name"):  # fmt: skip
        assert words in page, words
    key = next(part.split('"')[0] for part in page.split("policy=")[1:])
    status, alone = shown(client, f"/imports/{row.id}/compare/?with=tenant-{cast.contoso.id}&policy={key}")
    assert status == 200
    for words in ("1 difference", "Minimum password length", "are masked, and not compared here",
                  "Assignments were not exported"):  # fmt: skip
        assert words in alone, words
    assert "hush~" not in page + alone
    assert shown(client, f"/imports/{row.id}/compare/?policy=x")[0] == 404


def test_a_set_or_an_import_that_one_may_not_see_is_refused(client, sign_in, cast):
    snapshot, theirs = captured(policy(cast.contoso, "Firewall"), "old"), policy(cast.fabrikam, "Firewall")
    row, other = (
        import_of(cast.contoso, exported("Firewall", description=word), name=word) for word in ("new", "newer")
    )
    foreign = [
        f"tenant-{cast.fabrikam.id}",
        f"set-{backup_set(cast.fabrikam, captured(theirs)).id}",
        f"import-{import_of(cast.fabrikam, exported('Firewall'), name='Hidden').id}",
    ]
    sign_in(client, cast.rita)
    for asked in foreign:
        assert shown(client, f"/imports/{row.id}/compare/?with={asked}")[0] == 403, asked
    for asked in ("set-999999", "run-1", "set-x", "set"):
        assert shown(client, f"/imports/{row.id}/compare/?with={asked}")[0] == 404, asked
    for asked, words in (
        (f"set-{backup_set(cast.contoso, snapshot).id}", "of Contoso"),
        (f"import-{other.id}", "new compared with the import newer"),
    ):
        status, page = shown(client, f"/imports/{row.id}/compare/?with={asked}")
        assert (status, words in page, "Description" in page) == (200, True, True)
        assert "Fabrikam" not in page
        assert "Hidden" not in page
    status, page = shown(client, f"/imports/{import_of(cast.contoso).id}/compare/")
    assert (status, "2 only" in page) == (200, False)
    status, page = shown(client, f"/imports/{row.id}/compare/?with=import-{row.id}")
    assert (status, "Choose something else than the import itself" in page) == (400, True)


def test_only_the_pairs_of_a_page_are_opened(client, sign_in, cast, monkeypatch):
    many = [f"Policy {number:02}" for number in range(27)]
    for number, name in enumerate(many):
        captured(policy(cast.contoso, name, number))
    row = import_of(cast.contoso, *map(exported, many))
    opened, original = [], imported.open_imported
    monkeypatch.setattr(imported, "open_imported", lambda one: opened.append(one.name) or original(one))
    sign_in(client, cast.rita)
    page = shown(client, f"/imports/{row.id}/compare/")[1]
    assert (opened, "page=1" in page) == (many[:25], True)
    assert "Policy 26" in shown(client, f"/imports/{row.id}/compare/?page=1")[1]
    assert opened == many
