"""Rules for restores are turned up by one person and, where four eyes are asked for, turned down by two."""

import pytest

from db.audit.audit import SYSTEM
from db.errors import Invalid
from db.models import AuditEvent, Policy, Restore, RuleChange, Tenant
from db.restores import approvals, four_eyes, restore_drafts, restore_rules
from tests.support.captures import capture_by_hand
from tests.support.restore_steps import as_previewed, options, person

# It is decided in Python; the one lock that counts is the tenant's, and tests/db/sql/test_lock_order.py is about those.
pytestmark = [pytest.mark.usefixtures("app", "lock_order"),
              pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]  # fmt: skip
ONE, TWO = (f"0000000{n}-0000-4000-8000-000000000000" for n in (1, 2))


def lines(*ids):
    return "\n".join(f"group {object_id} SG {object_id[:8]}" for object_id in ids)


def named(tenant):
    return [entry["id"] for entry in Tenant.get_by_id(tenant.id).break_glass or ()]


@pytest.fixture
def tenant(cast):
    """Four eyes are on, and one group is named."""
    assert restore_rules.change(cast.contoso, True, lines(ONE), person(cast.max.id)) is None
    return cast.contoso


def is_on(tenant):
    return Tenant.get_by_id(tenant.id).four_eyes


def test_one_manager_turns_four_eyes_off_only_together_with_another(tenant, cast):
    asked = restore_rules.change(tenant, False, lines(ONE), person(cast.max.id))
    assert is_on(tenant), "it waits"
    with pytest.raises(Invalid, match="You asked for it"):
        restore_rules.confirm(tenant, asked.id, person(cast.max.id))
    with pytest.raises(Invalid, match="You asked for it"):
        restore_rules.confirm(tenant, asked.id, SYSTEM)
    restore_rules.confirm(tenant, asked.id, person(cast.root.id))
    assert not is_on(tenant)
    [event] = AuditEvent.select().where(AuditEvent.action == "tenant:rules-confirmed")
    assert (event.actor, event.details) == (
        cast.root.email,
        {"changes": ["turn four eyes off"], "asked_by": cast.max.email},
    )


@pytest.mark.parametrize(("wanted", "at_once"), [((), [ONE]), ((TWO,), [TWO, ONE])])
def test_an_entry_leaves_the_list_only_by_two_and_is_added_by_one(tenant, cast, wanted, at_once):
    asked = restore_rules.change(tenant, True, lines(*wanted), person(cast.max.id))
    assert named(tenant) == at_once
    restore_rules.confirm(tenant, asked.id, person(cast.root.id))
    assert named(tenant) == list(wanted)


def test_to_begin_an_empty_list_takes_two_for_until_then_everything_is_held_back(tenant, cast):
    Tenant.update(break_glass=None).where(Tenant.id == tenant.id).execute()
    asked = restore_rules.change(tenant, True, lines(TWO), person(cast.max.id))
    assert named(tenant) == []
    restore_rules.confirm(tenant, asked.id, person(cast.root.id))
    assert named(tenant) == [TWO]


def test_what_is_turned_up_holds_at_once_also_beside_what_waits(tenant, cast):
    asked = restore_rules.change(tenant, False, "", person(cast.max.id))
    assert restore_rules.change(tenant, True, lines(ONE, TWO), person(cast.max.id)) is None
    restore_rules.confirm(tenant, asked.id, person(cast.root.id))
    assert (is_on(tenant), named(tenant)) == (False, [TWO]), "what was asked for goes, and nothing else"


def test_another_name_of_an_entry_and_the_same_rules_need_nobody(tenant, cast):
    assert restore_rules.change(tenant, True, f"group {ONE} Another name", person(cast.max.id)) is None
    assert Tenant.get_by_id(tenant.id).break_glass[0]["name"] == "Another name"
    assert not RuleChange.select().exists()
    asked = restore_rules.change(tenant, True, "", person(cast.max.id))
    assert restore_rules.describe(asked) == [f"take “Another name” (group {ONE}) off the break-glass list"]


def test_only_one_change_waits_and_who_asked_or_another_takes_it_away(tenant, cast):
    asked = restore_rules.change(tenant, False, lines(ONE), person(cast.max.id))
    with pytest.raises(Invalid, match="waits already"):
        restore_rules.change(tenant, True, "", person(cast.root.id))
    restore_rules.reject(tenant, asked.id, person(cast.max.id))
    with pytest.raises(Invalid, match="does not wait any more"):
        restore_rules.confirm(tenant, asked.id, person(cast.root.id))
    newer = restore_rules.change(tenant, False, "", person(cast.max.id))
    with pytest.raises(Invalid, match="does not wait any more"):
        restore_rules.confirm(tenant, asked.id, person(cast.root.id))
    assert newer.id != asked.id, "who confirms has seen what it is"
    assert is_on(tenant)


def test_a_command_turns_nothing_down(tenant):
    with pytest.raises(Invalid, match="by two people, in the browser"):
        restore_rules.change(tenant, False, lines(ONE), SYSTEM)
    assert is_on(tenant)


# --- what was requested before ---------------------------------------------------------------------------------------


@pytest.fixture
def requested(tenant, cast):
    _, snapshot = capture_by_hand(Policy.get(Policy.tenant == tenant), SYSTEM)
    source = restore_drafts.RestoreSource(tenant.directory_id, "a snapshot")
    return restore_drafts.create(
        tenant, source, restore_drafts.new_items_from_snapshots([snapshot]), options(), person(cast.ada.id)
    )


def now(restore):
    return Restore.get_by_id(restore.id)


def test_a_restore_keeps_the_stricter_rules_of_when_it_was_requested(requested, tenant, cast):
    asked = restore_rules.change(tenant, False, lines(TWO), person(cast.max.id))
    restore_rules.confirm(tenant, asked.id, person(cast.root.id))
    assert four_eyes.is_required(now(requested))
    assert {entry["id"] for entry in four_eyes.break_glass_list(now(requested))} == {ONE, TWO}
    restore_drafts.change_options(now(requested), options(existing="skip"), person(cast.ada.id))
    assert four_eyes.is_required(now(requested)), "a change of it does not loosen it either"
    with pytest.raises(Invalid, match="for you asked for it"):
        approvals.approve(as_previewed(requested), person(cast.ada.id), "mine", 24)


def test_who_changes_the_list_decides_a_part_of_what_waits_and_who_confirms_does_not(requested, tenant, cast):
    asked = restore_rules.change(tenant, True, lines(TWO), person(cast.max.id))
    restore_rules.confirm(tenant, asked.id, person(cast.root.id))
    acts = four_eyes.acts_by_user(now(requested))
    assert acts == {cast.ada.id: [four_eyes.ASKED_FOR_IT], cast.max.id: [four_eyes.CHANGED_LIST]}
