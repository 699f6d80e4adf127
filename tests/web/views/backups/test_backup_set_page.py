"""The page of a backup set: what it found first, its policies searched and paged."""

import re

import pytest

from db.audit.audit import SYSTEM
from db.backups import manifests
from db.models import BackupSet, Policy, Snapshot
from db.policies import policies
from tests.support.captures import capture_by_hand

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def nights(cast):
    """Two nights of Contoso with sixty policies, of which one changed; and of the second night's what was not read."""
    rows = [{"graph_id": f"graph {n:02}", "name": f"Ring {n:02}", "odata_type": None, "platform": None,
             "is_built_in": False, "modified_at": None} for n in range(60)]  # fmt: skip
    policies.record_listing(cast.contoso, "deviceConfigurations", rows)
    mine = list(Policy.select().where(Policy.policy_type == "deviceConfigurations").order_by(Policy.name))
    first = [capture_by_hand(policy, SYSTEM)[1].id for policy in mine]
    changed = capture_by_hand(mine[7], SYSTEM, {"name": "Ring 07", "settings": [], "description": "other"})[1].id
    problems = [{"policy_type": "deviceConfigurations", "policy": None, "name": f"Unread {n}", "reason": "error",
                 "message": "Graph failed."} for n in range(10)]  # fmt: skip
    common = {"tenant": cast.contoso, "selection": {}, "state": "complete",
              "types": {"deviceConfigurations": {"state": "done", "listed": 60, "message": None}}}  # fmt: skip
    older = BackupSet.create(manifest=manifests.save(cast.contoso, first), problems=[], **common)
    ids = [changed, *(one for one in first if one != first[7])]
    newer = BackupSet.create(manifest=manifests.save(cast.contoso, ids), problems=problems, **common)
    return older, newer


def page_of(client, backup_set, **changes):
    """The page of the set, once its row is so."""
    BackupSet.update(**changes).where(BackupSet.id == backup_set.id).execute()
    return client.get(f"/backup-sets/{backup_set.id}").get_data(as_text=True)


def test_what_was_not_read_is_counted_in_policies_not_in_rows(client, sign_in, cast, nights):
    newer = nights[1]
    sign_in(client, cast.rita)
    for counts, said in (
        ({"state": "failed", "listed": 0, "message": "503", "known": 13}, "at least 13 not read"),
        ({"state": "done", "listed": 60, "message": None, "error": 12}, "12 not read"),
    ):
        types = {"deviceConfigurations": counts}
        page = page_of(client, newer, types=types, problems=newer.problems[:2], state="incomplete")
        assert re.search(rf'href="#problems">\s*{said}\s*<', page), said


def test_the_number_of_its_policies_says_what_is_missing_and_no_more(client, sign_in, cast, nights):
    sign_in(client, cast.rita)
    for counts, said in (
        ({"state": "failed", "listed": 0, "message": "503"}, "60, without 1 policy type"),
        ({"state": "failed", "listed": 0, "message": "503", "known": 13}, "60 of at least 73"),
        ({"state": "done", "listed": 60, "message": None, "error": 12}, "60 of 72"),
        ({"state": "done", "listed": 60, "message": None}, "60"),
    ):
        page = page_of(client, nights[1], types={"deviceConfigurations": counts})
        assert re.search(rf"<dt>Policies</dt>\s*<dd>\s*{said}\s*</dd>", page), said


def test_a_type_that_could_not_be_read_is_named_once_in_its_row(client, sign_in, cast, nights):
    problem = {"policy_type": "deviceConfigurations", "policy": None, "name": "Device configuration", "message": "503"}
    BackupSet.update(problems=[problem]).where(BackupSet.id == nights[1].id).execute()
    page = sign_in(client, cast.rita).get(f"/backup-sets/{nights[1].id}").get_data(as_text=True)
    assert page.partition('id="problems"')[2].partition("</table>")[0].count("Device configuration") == 1


def names_on(page):
    return re.findall(r">(Ring \d\d)<", page)


def test_what_changed_is_said_first_and_listed_alone(client, sign_in, cast, nights):
    older, newer = nights
    page = sign_in(client, cast.rita).get(f"/backup-sets/{newer.id}").get_data(as_text=True)
    assert page.index("1 changed") < page.index("10 not read") < page.index("Could not be read")
    assert names_on(page) == ["Ring 07"]
    before, after = Snapshot.select().where(Snapshot.name == "Ring 07").order_by(Snapshot.id)
    assert f"/snapshots/{before.id}/compare/{after.id}" in page
    assert f"/backup-sets/{older.id}" in page
    assert "Show 2 more" in page


def test_its_policies_are_searched_and_shown_page_by_page(client, sign_in, cast, nights):
    path = f"/backup-sets/{nights[1].id}"
    sign_in(client, cast.rita)
    first = client.get(f"{path}?show=all").get_data(as_text=True)
    assert names_on(first) == [f"Ring {n:02}" for n in range(20)]
    assert "1 to 20 of 60" in first
    beyond = client.get(f"{path}?show=all&page=99").get_data(as_text=True)
    assert names_on(beyond) == [f"Ring {n:02}" for n in range(40, 60)]
    assert names_on(client.get(f"{path}?search=ring+33").get_data(as_text=True)) == ["Ring 33"]
    assert len(names_on(client.get(f"{path}?type=deviceConfigurations&search=0").get_data(as_text=True))) == 15
    nothing = client.get(f"{path}?search=nowhere").get_data(as_text=True)
    assert re.search(rf'No results\.\s+<a href="{path}#policies">Clear filters</a>', nothing)


def test_a_manager_protects_it_from_deletion_and_ends_that_again(client, sign_in, cast, nights):
    path = f"/backup-sets/{nights[1].id}"
    page = sign_in(client, cast.max).get(path).get_data(as_text=True)
    assert "Protect from deletion. Reason:" in page
    BackupSet.update(pinned_reason="Before the move").execute()
    page = client.get(path).get_data(as_text=True)
    assert "End the protection" in page
    assert "Before the move" in page
