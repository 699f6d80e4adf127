"""What decides a restore's write is bound: whatever of it changes after the approval, nothing is written."""

import importlib

import peewee as pw
import pytest

import actors.restores.live_restore
from actors.plans import drafts
from actors.plans.target_matcher import TargetMatcher
from db.audit.audit import SYSTEM, Actor
from db.clock import utcnow
from db.database import database
from db.errors import Invalid
from db.models import AuditEvent, Content, Mapping, Policy, Restore, RestoreItem, RestoreRequester, Run, Tenant
from db.policies import snapshots
from db.restores import approvals, four_eyes, mappings, plan_fingerprint, restore_drafts, restore_items
from tests.support.captures import capture_by_hand
from tests.support.restore_steps import as_previewed, options, person

# It is decided in Python, from rows that both engines give alike.
pytestmark = [pytest.mark.usefixtures("app"), pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]
KEY, THERE = ("groups", "in the source"), "in the target"
LIST = [{"kind": "groups", "id": "1", "name": "SG-Break-Glass"}]
COLUMNS = sorted(set(RestoreItem._meta.fields) - plan_fingerprint.NOT_OF_THE_PLAN - {"id"})
OPTIONS = sorted(options())


@pytest.fixture
def draft(cast):
    """Asked for by Ada; Max has mapped what its two policies refer to."""
    mappings.set_mapping(cast.contoso, cast.contoso.directory_id, KEY, THERE, person(cast.max.id))
    made = [
        capture_by_hand(policy, SYSTEM)[1] for policy in Policy.select().where(Policy.tenant == cast.contoso).limit(2)
    ]
    source = restore_drafts.RestoreSource(cast.contoso.directory_id, "two snapshots")
    draft = restore_drafts.create(
        cast.contoso, source, restore_drafts.new_items_from_snapshots(made), options(), person(cast.ada.id)
    )
    plan = {"action": "update", "resolutions": [{"kind": KEY[0], "id": KEY[1], "how": "mapping", "to": THERE}]}
    RestoreItem.update(plan).where(RestoreItem.restore == draft).execute()
    RestoreItem.update(reason="guard").where(RestoreItem.id == restore_items.items(draft)[0].id).execute()
    return draft


@pytest.fixture
def approved(draft, cast):
    Tenant.update(four_eyes=True, break_glass=LIST).where(Tenant.id == cast.contoso.id).execute()
    approvals.approve(as_previewed(draft, [(*KEY, THERE)]), person(cast.root.id), "seen", 24)
    return Restore.get_by_id(draft.id)


def not_refused(restore, named):
    """Everything that leads to a write says no, and what is otherwise; what does not is told."""
    acts = {
        "execute": lambda: actors.restores.live_restore.start(Restore.get_by_id(restore.id), SYSTEM, reason="ticket"),
        "approve": lambda: approvals.approve(Restore.get_by_id(restore.id), person(restore.approved_by_id), "so", 24),
        "override": lambda: approvals.override_guard(Restore.get_by_id(restore.id), SYSTEM, "so"),
    }
    for name, act in acts.items():
        try:
            act()
            yield name
        except Invalid as e:
            if named not in str(e):
                yield f"{name} says {e}"
    if named not in approvals.live_refusal(restore):
        yield "a live run"
    if Run.select().where(Run.restore_id == restore.id).exists():
        yield "there is a run"


def other(item, column):
    """Another value of the column's own sort."""
    field = RestoreItem._meta.fields[column]
    if isinstance(field, pw.ForeignKeyField):
        text = {"body": {"name": "another"}, "assignments": None}
        return snapshots.save_content(item.restore.tenant_id, text, "another")
    return {pw.IntegerField: 7, pw.CharField: "another"}.get(type(field), [{"another": "thing"}])


def _column(column):
    def change(restore):
        item = restore_items.items(restore)[1]
        return RestoreItem.update({column: other(item, column)}).where(RestoreItem.id == item.id)

    return change, "its policies, or their plans"


def _option(name):
    return lambda restore: Restore.update(options={**restore.options, name: "another"}), "its options"


def _one_less(restore):
    restore_items.items(restore)[1].delete_instance()


def _one_more(restore):
    item = restore_items.items(restore)[1]
    RestoreItem.create(restore=restore, policy_type=item.policy_type, graph_id="x", name="x", content=item.content_id,
                       references={}, action="create")  # fmt: skip


CHANGES = {
    **{f"column {name}": _column(name) for name in COLUMNS},
    **{f"option {name}": _option(name) for name in OPTIONS},
    "an item left out": (_one_less, "its policies, or their plans"),
    "an item more": (_one_more, "its policies, or their plans"),
    "a content's fingerprint": (
        lambda restore: Content.update(fingerprint="x").where(Content.id == restore_items.items(restore)[0].content_id),
        "its policies, or their plans",
    ),
    "a mapping changed": (lambda restore: Mapping.update(target_id="x"), "a mapping that it uses"),
    "a mapping removed": (lambda restore: Mapping.delete(), "a mapping that it uses"),
    "break-glass of the tenant": (
        lambda restore: Tenant.update(break_glass=[*LIST, {"kind": "users", "id": "2", "name": "x"}]),
        "the break-glass list",
    ),
    "break-glass of when it was requested": (
        lambda restore: Restore.update(break_glass=[{"kind": "users", "id": "2", "name": "x"}]),
        "the break-glass list",
    ),
    "the guard's override": (lambda restore: Restore.update(guard_reason="so"), "Conditional Access guard"),
    "who overrode the guard": (lambda restore: Restore.update(guard_by=restore.created_by_id), "Access guard"),
    "four eyes": (lambda restore: Tenant.update(four_eyes=False), "whether four eyes are asked for"),
    "the source": (lambda restore: Restore.update(source_directory_id="x"), "where it is from"),
    "the target": (
        lambda restore: Tenant.update(directory_id="x").where(Tenant.id == restore.tenant_id),
        "where it is from",
    ),
    "a part's mark": (lambda restore: Restore.update(plan_parts={}), "earlier version"),
    "the fingerprint": (lambda restore: Restore.update(planned_mark="x"), "the fingerprint itself"),
    "a plan of before parts were kept": (lambda restore: Restore.update(plan_parts=None), "earlier version"),
}


def test_nothing_is_written_once_anything_that_decides_it_is_otherwise(approved):
    """Column by column, option by option, and everything else: one by one, each taken back before the next."""
    missed = []
    for what, (change, named) in CHANGES.items():
        with database.atomic() as transaction:
            query = change(approved)
            if query is not None:
                query.execute()
            missed += [f"{what}: {sentence}" for sentence in not_refused(approved, named)]
            transaction.rollback()
    assert not missed, "\n".join(missed)
    assert plan_fingerprint.refusal(approved) == ""


def test_every_column_of_a_plan_is_bound_and_what_a_live_run_notes_is_not(approved):
    assert set(restore_drafts.NO_PLAN) <= set(COLUMNS)
    assert plan_fingerprint.refusal(approved) == ""
    noted = {"created_id": "x", "outcome": "updated", "after_mark": "x", "verified": True, "seen_at": utcnow(),
             "snapshot": None}  # fmt: skip
    RestoreItem.update(noted).where(RestoreItem.restore == approved).execute()
    Tenant.update(name="Renamed").where(Tenant.id == approved.tenant_id).execute()
    assert plan_fingerprint.refusal(approved) == "", "a run that goes on must find its plan as it was"


def test_what_an_earlier_version_left_is_bound_by_todays_rules_and_approves_nothing(approved):
    """A database of before: a mark of options and items, and an approval of no fingerprint."""
    mine = Restore.id == approved.id
    Restore.update(planned_mark="0" * 64, plan_parts=None, approved_fingerprint=None, asks_four_eyes=False,
                   break_glass=None, mappings_used=None).where(mine).execute()  # fmt: skip
    RestoreRequester.delete().execute()
    importlib.import_module("db.migrations.0016_bound").up(None, database.obj)
    now = Restore.get(mine)
    assert (now.state, now.asks_four_eyes, now.break_glass) == ("approved", True, LIST)
    assert four_eyes.requesters(now) == {now.created_by_id}
    assert not list(not_refused(approved, "previewed by an earlier version"))


def test_an_approval_of_another_fingerprint_approves_nothing(approved):
    Restore.update(approved_fingerprint="0" * 64).where(Restore.id == approved.id).execute()
    with pytest.raises(Invalid, match="second approval"):
        actors.restores.live_restore.start(Restore.get_by_id(approved.id), SYSTEM, reason="ticket")


def test_the_fingerprint_is_in_the_audit_log_of_the_approval_and_of_the_start(approved):
    actors.restores.live_restore.start(Restore.get_by_id(approved.id), SYSTEM, reason="ticket")
    said = [event.details["fingerprint"] for event in AuditEvent.select().where(
        AuditEvent.action.in_(["restore:approved", "restore:started"]))]  # fmt: skip
    assert said == [approved.planned_mark, approved.planned_mark]
    assert approved.approved_fingerprint == approved.planned_mark


# --- requesters ------------------------------------------------------------------------------------------------------


def asked(restore, user):
    return four_eyes.acts_by_user(Restore.get_by_id(restore.id)).get(user.id, [])


def test_everybody_who_decided_a_part_of_it_is_its_requester(draft, cast):
    Tenant.update(four_eyes=True).where(Tenant.id == cast.contoso.id).execute()
    restore_drafts.change_options(draft, options(existing="skip"), person(cast.max.id))
    restore_drafts.remove_other_items(draft, [restore_items.items(draft)[0].id], person(cast.ada.id))
    restore = as_previewed(draft, [(*KEY, THERE)])
    assert asked(draft, cast.ada) == [four_eyes.ASKED_FOR_IT, four_eyes.CHANGED_ITEMS]
    assert asked(draft, cast.max) == [four_eyes.CHANGED_OPTIONS, four_eyes.SET_MAPPING]
    with pytest.raises(Invalid, match="for you changed its options and set a mapping that it uses"):
        approvals.approve(restore, person(cast.max.id), "mine", 24)


def test_who_set_a_mapping_that_the_plan_uses_is_its_requester(draft, cast):
    Tenant.update(four_eyes=True).where(Tenant.id == cast.contoso.id).execute()
    with pytest.raises(Invalid, match="for you set a mapping that it uses"):
        approvals.approve(as_previewed(draft, [(*KEY, THERE)]), person(cast.max.id), "mine", 24)
    mappings.set_mapping(cast.contoso, draft.source_directory_id, KEY, THERE, person(cast.root.id))
    with pytest.raises(Invalid, match="for you set a mapping that it uses"):
        approvals.approve(Restore.get_by_id(draft.id), person(cast.root.id), "the same again", 24)
    assert asked(draft, cast.max), "who set it first is not forgotten"


def test_a_mapping_to_what_was_made_again_is_used_with_every_step(draft):
    """Else whoever sets the first one chooses among what restores have made, and is nobody's requester."""
    mappings.remember(draft.tenant, draft.source_directory_id, (KEY[0], THERE), "made again", "a group")
    item = restore_items.items(draft)[0]
    plan = {"target_id": None, "resolutions": [{"kind": KEY[0], "id": KEY[1], "to": "made again", "how": "mapping"}]}
    used = TargetMatcher(draft, [item], {}).mappings_used([(item, plan)])
    assert used == {(*KEY, THERE), (KEY[0], THERE, "made again")}


def test_who_mapped_in_the_source_what_was_made_again_there_is_a_requester_elsewhere(draft, cast):
    own = cast.fabrikam.directory_id
    Restore.update(source_directory_id=own).where(Restore.id == draft.id).execute()
    mappings.set_mapping(cast.fabrikam, own, ("groups", "before"), "in the source", person(cast.root.id))
    mappings.set_mapping(cast.contoso, own, ("groups", "before"), THERE, person(cast.max.id))
    draft = Restore.get_by_id(draft.id)
    plan = {"target_id": None, "resolutions": [{"kind": KEY[0], "id": KEY[1], "to": THERE, "how": "mapping"}]}
    planned = [(restore_items.items(draft)[0], plan)]
    matcher = TargetMatcher(draft, restore_items.items(draft), {})
    by = matcher.mapping_authors(planned)
    assert by == {cast.root.id}
    plan_fingerprint.save(draft, matcher.mappings_used(planned), LIST, by)
    assert {cast.root.id, cast.max.id} <= four_eyes.requesters(Restore.get_by_id(draft.id))


def test_a_live_run_carries_out_no_plan_but_the_approved_one(approved):
    Restore.update(approved_fingerprint="0" * 64).where(Restore.id == approved.id).execute()
    assert "Another plan was approved" in approvals.live_refusal(approved)


def test_a_mapping_that_the_plan_does_not_use_makes_no_requester(draft, cast):
    Tenant.update(four_eyes=True).where(Tenant.id == cast.contoso.id).execute()
    approvals.approve(as_previewed(draft), person(cast.max.id), "seen", 24)


def test_who_takes_a_mapping_away_is_a_requester_of_what_was_planned_with_it(draft, cast):
    as_previewed(draft, [(*KEY, THERE)])
    mappings.remove(Mapping.get(), person(cast.root.id))
    assert asked(draft, cast.root) == [four_eyes.REMOVED_MAPPING]


def test_who_asked_for_a_restore_asked_for_what_is_made_from_it(draft, cast):
    Restore.update(state="cancelled").where(Restore.id == draft.id).execute()
    again = drafts.repeat_unfinished(Restore.get_by_id(draft.id), person(cast.root.id))
    assert asked(again, cast.ada) == [f"asked for it ({draft})"]
    assert asked(again, cast.root) == [four_eyes.ASKED_FOR_IT]


# --- the guard -------------------------------------------------------------------------------------------------------


def test_overriding_the_guard_drops_the_approval_and_needs_one_of_the_new_plan(approved, cast):
    max_ = person(cast.max.id)
    approvals.override_guard(approved, max_, "excluded\nelsewhere")
    now = Restore.get_by_id(approved.id)
    assert (now.state, now.guard_reason, now.guard_by) == ("previewed", "excluded elsewhere", cast.max)
    assert (now.approved_by, now.approved_fingerprint) == (None, None)
    assert now.planned_mark != approved.planned_mark
    with pytest.raises(Invalid, match="another manager has to approve"):
        actors.restores.live_restore.start(now, max_, reason="ticket")
    approvals.approve(now, person(cast.root.id), "with the override", 24)
    assert actors.restores.live_restore.start(Restore.get_by_id(now.id), max_, reason="ticket").is_new


def test_a_guard_that_holds_nothing_back_is_not_overridden(approved):
    RestoreItem.update(reason=None).where(RestoreItem.restore == approved).execute()
    as_previewed(approved)
    with pytest.raises(Invalid, match="holds nothing"):
        approvals.override_guard(Restore.get_by_id(approved.id), SYSTEM, "so")


def test_a_new_preview_or_a_change_holds_back_again(approved, cast):
    approvals.override_guard(approved, SYSTEM, "so")
    restore_drafts.change_options(approved, options(), SYSTEM)
    assert Restore.get_by_id(approved.id).guard_reason is None


def test_a_plan_of_nine_hundred_policies_costs_little(draft, cast, statements):
    item = restore_items.items(draft)[0]
    reference = {"kind": "groups", "id": "x" * 36, "name": "a group", "how": "name", "to": "y" * 36}
    rows = [{"restore": draft.id, "policy_type": "configurationPolicies", "graph_id": f"{n}", "name": f"Policy {n}",
             "content": item.content_id, "references": {"groups": {}}, "action": "update",
             "resolutions": [reference] * 5, "notes": ["a note of some length"] * 3} for n in range(900)]  # fmt: skip
    for begin in range(0, 900, 300):
        RestoreItem.insert_many(rows[begin : begin + 300]).execute()
    restore = as_previewed(draft)
    assert statements(lambda: plan_fingerprint.refusal(restore)) < 20
    assert plan_fingerprint.refusal(restore) == ""


def test_a_command_is_nobodys_other_pair_of_eyes(draft):
    with pytest.raises(Invalid, match="in the browser"):
        approvals.approve(as_previewed(draft), Actor("root", origin="cli"), "so", 24)
