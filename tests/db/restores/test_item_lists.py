"""What of a restore's items is listed, in which order."""

import pytest

from db.models import Restore, RestoreItem
from db.restores import item_lists, restore_drafts
from db.restores.item_lists import ItemFilter
from tests.support.restore_steps import as_previewed, options, person

# Name -> (action, reason), in the order of writing.
PLAN = {
    "new": ("create", None),
    "held back": ("update", "guard"),
    "built in": ("blocked", "built_in"),
    "lacks a group": ("blocked", "unresolved"),
    "changed": ("update", None),
    "the same": ("matches", None),
    "gone": ("recreate", None),
}


@pytest.fixture
def restore(cast, captured):
    source = restore_drafts.RestoreSource(cast.contoso.directory_id, "a snapshot")
    items = restore_drafts.new_items_from_snapshots([captured[0][2]])
    restore = restore_drafts.create(cast.contoso, source, items, options(), person(cast.ada.id))
    RestoreItem.delete().execute()
    for number, (name, (action, reason)) in enumerate(PLAN.items()):
        RestoreItem.create(restore=restore, position=number, policy_type=f"type{number % 2}", graph_id=name,
                           name=name, references={}, action=action, reason=reason)  # fmt: skip
    return as_previewed(restore)


def names(restore, **wanted):
    return [item.name for item in item_lists.page(restore, ItemFilter(**wanted), 20)]


def test_what_is_written_is_listed_and_what_is_overwritten_comes_first(restore):
    assert names(restore) == ["changed", "gone", "new"]
    assert names(restore, is_everything=True)[:2] == ["held back", "changed"]
    assert names(restore, outcome="blocked") == ["built in", "lacks a group"]
    assert names(restore, words=["CHANG"]) == ["changed"]
    assert names(restore, words=["%"]) == []
    assert names(restore, policy_type="type1") == []
    assert item_lists.count_by_type(restore, ItemFilter()) == {"type0": 3}
    assert [item.name for item in item_lists.page(restore, ItemFilter(), 1, 1)] == ["gone"]


def test_what_the_guard_held_back_is_listed_once_somebody_overrode_it(restore):
    Restore.update(guard_reason="I know").where(Restore.id == restore.id).execute()
    assert names(Restore.get_by_id(restore.id)) == ["held back", "changed", "gone", "new"]


def test_what_is_built_in_is_apart_from_what_is_blocked_otherwise(restore):
    for is_built_in, name in ((True, "built in"), (False, "lacks a group")):
        assert [item.name for item in item_lists.blocked(restore, 5, is_built_in=is_built_in)] == [name]
        assert item_lists.count_blocked(restore, is_built_in=is_built_in) == 1


def test_of_a_finished_restore_what_was_written_is_listed(restore):
    Restore.update(state="finished").where(Restore.id == restore.id).execute()
    RestoreItem.update(outcome="updated", verified=False).where(RestoreItem.name == "changed").execute()
    RestoreItem.update(outcome="conflict").where(RestoreItem.name == "new").execute()
    restore = Restore.get_by_id(restore.id)
    assert names(restore) == ["changed"] == [item.name for item in item_lists.written(restore)]
    ends = item_lists.count_ends([restore.id])[restore.id]
    assert (ends["updated", None], ends["conflict", None], ends["blocked", "built_in"]) == (1, 1, 1)
