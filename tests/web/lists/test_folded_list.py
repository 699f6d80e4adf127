"""A list folded by policy type: what it lists at once, what it folds, and where its ways lead."""

import logging

import pytest

from db.backups import manifests
from db.clock import utcnow
from db.models import BackupSet, Policy, Run, RunItem, Snapshot
from db.policies import snapshots
from db.states import ItemState, RunKind, RunState
from tests.support.large_tenant import insert
from web.lists.folded_list import FoldedList, ListWish, Mark, asked, is_look

SMALL, LARGE = {"a": 3, "b": 2}, {"a": 30, "b": 2, "c": 9}


def folded(wish=None, counts=None, **values):
    place = lambda **asked_for: "/x?" + "&".join(f"{key}={value}" for key, value in sorted(asked_for.items()))  # noqa: E731
    return FoldedList(wish or ListWish(), LARGE if counts is None else counts, place, **values)


@pytest.mark.parametrize(
    ("wish", "counts", "values", "is_flat", "count", "folds"),
    [
        (ListWish(), SMALL, {}, True, 5, ""),
        (ListWish(), LARGE, {}, False, 41, "abc"),
        (ListWish(), {"a": 90}, {}, True, 90, ""),
        (ListWish(search="x"), LARGE, {}, True, 41, "abc"),
        (ListWish(policy_type="b"), LARGE, {}, False, 2, "abc"),
        (ListWish(policy_type="z"), LARGE, {}, False, 0, "abc"),
        (ListWish(), LARGE, {"flat_count": 4}, True, 4, "abc"),
        (ListWish(), SMALL, {"flat_count": 4}, True, 4, "ab"),
        (ListWish(), SMALL, {"ticked_types": ()}, True, 5, "ab"),
        (ListWish(), LARGE, {"marks": {"c": [Mark("bad", "2 failed")], "z": [Mark("bad", "x")]}}, False, 41, "czab"),
        (ListWish(), {}, {}, True, 0, ""),
    ],
)
def test_small_lists_are_flat_and_marked_types_come_first(app, wish, counts, values, is_flat, count, folds):
    with app.test_request_context():
        made = folded(wish, counts, **values)
        assert (made.is_flat, made.count, "".join(fold.key for fold in made.folds)) == (is_flat, count, folds)
        assert made.lists_rows == bool(count and (is_flat or wish.policy_type))


@pytest.mark.parametrize(("number", "shown"), [(0, (1, 20, True)), (1, (21, 30, False)), (99, (21, 30, False))])
def test_a_page_beyond_the_end_is_the_last(number, shown):
    made = folded(ListWish(policy_type="a", number=number))
    assert (made.first, made.last, made.has_more) == shown


def test_another_part_begins_on_its_first_page_and_a_button_leaves_what_is_typed_to_its_field():
    made = folded(ListWish("gone", "a", "ring", 1), type_field="open")
    assert made.address(number=2) == "/x?open=a&page=2&search=ring&show=gone"
    assert made.address(policy_type="b") == "/x?open=b&search=ring&show=gone"
    assert made.step(policy_type="b") == "show=gone&open=b&page=0"
    assert made.step(search="") == "show=gone&open=a&page=0&search="


@pytest.mark.parametrize(
    ("given", "wish"),
    [
        ({}, ListWish()),
        ({"show": "gone", "type": "a", "search": " x ", "page": "3"}, ListWish("gone", "a", "x", 3)),
        ({"show": "nonsense", "type": "a\0b", "page": "-1"}, ListWish("", "ab")),
        ({"page": "9" * 40}, ListWish()),
        ({"type": "a", "search": "x", "page": "3", "go": "type=&page=0"}, ListWish("", "", "x")),
        ({"search": "x", "go": "search=&type=b"}, ListWish("", "b")),
    ],
)
def test_a_wish_is_read_and_the_button_has_the_last_word(given, wish):
    assert asked(given, {"gone"}) == wish
    assert is_look(given) is ("go" in given)


@pytest.fixture
def large(cast):
    """A function that fills Contoso with so many policies of three types, in a backup set, a run and a restore."""
    types = ("configurationPolicies", "deviceConfigurations", "deviceCompliancePolicies")

    def fill(count):
        BackupSet.delete().execute()
        Snapshot.delete().execute()
        content = snapshots.save_content(cast.contoso.id, {"body": {}, "assignments": []}, f"{count:064}")
        names = [(types[n % 3], f"Ring {n:04}") for n in range(count)]
        policies = insert(Policy, [
            {"tenant": cast.contoso.id, "policy_type": key, "graph_id": f"{count} {name}", "name": name}
            for key, name in names
        ])  # fmt: skip
        run = Run.create(tenant=cast.contoso, kind=RunKind.BACK_UP, dedupe_key=f"of {count}",
                         state=RunState.SUCCEEDED, total=count, done=count)  # fmt: skip
        kept = insert(Snapshot, [
            {"tenant": cast.contoso.id, "policy": policy, "content": content, "run": run.id, "name": name,
             "captured_at": utcnow(), "confirmed_at": utcnow(), "proof": {}, "references": {}}
            for policy, (_, name) in zip(policies, names, strict=True)
        ])  # fmt: skip
        insert(RunItem, [
            {"run": run.id, "policy": policies[n], "policy_type": key, "name": name, "state": ItemState.DONE,
             "outcome": "captured", "snapshot": kept[n]} for n, (key, name) in enumerate(names)
        ])  # fmt: skip
        backup_set = BackupSet.create(tenant=cast.contoso, run=run, selection={}, state="complete", types={},
                                      problems=[], manifest=manifests.save(cast.contoso, kept))  # fmt: skip
        return run, backup_set

    return fill


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_pages_take_as_many_statements_with_five_thousand_policies_as_with_ninety(client, sign_in, cast, large, caplog):
    sign_in(client, cast.max)
    counted = []
    for many in (90, 5000):
        run, backup_set = large(many)
        part = "type=deviceConfigurations&page=1"
        addresses = [f"/tenants/{cast.contoso.id}/types?{part}", f"/backup-sets/{backup_set.id}?show=all&{part}",
                     f"/runs/{run.id}?{part}", f"/restores/new?backup_set={backup_set.id}&open={part[5:]}",
                     f"/restores/new?backup_set={backup_set.id}&search=ring&tick=found"]  # fmt: skip
        found = []
        for address in addresses:
            client.get(address)
            caplog.clear()
            with caplog.at_level(logging.DEBUG, "peewee"):
                answer = client.get(address)
            found.append(len([record for record in caplog.records if record.name == "peewee"]))
            assert (answer.status_code, answer.get_data(as_text=True).count("Ring ") >= 10) == (200, True), address
            assert len(answer.data) < 100_000, address
        counted.append(found)
    assert counted[0] == counted[1]
