"""`/restores/`: the list, a restore's page, and the page of each of its items."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from flask import Blueprint, abort, render_template, request, stream_template
from flask_admin import Admin
from flask_login import current_user

import config
from actors.facade import policy_type_names
from actors.plans import drafts, plan_text
from db.accounts import users
from db.backups.disclosures import record_secrets_shown
from db.models import Restore, RestoreItem, Run, RunItem, Snapshot
from db.policies import policies
from db.recovery import write_log
from db.restores import approvals, four_eyes, restore_items, restores
from db.states import ACTIVE, CHANGEABLE, SUCCESSFUL_OUTCOMES, WRITTEN_OUTCOMES, Outcome, RestoreState, RunKind
from web.lists import filters
from web.lists.cells import link_cell, moment_cell, person_cell, state_cell, tenant_cell, text_cell
from web.lists.list_view import ListView
from web.presentation import restore_approval, restore_text
from web.presentation.masking import Masking, note
from web.security.access import can, current_actor, fetch, may, requires
from web.security.permissions import Permission
from web.views.backups import runs
from web.views.restores.new_restore import upload_facts

pages = Blueprint("restores", __name__, url_prefix="/restores")

ITEMS_SHOWN = 500
NOTES_SHOWN = 50
EVERYTHING = "all"
# Of one policy on the page of the whole plan; the rest is on the policy's own page.
LINES_IN_PLAN = 2000
LONGEST_IN_PLAN = 20_000


class RestoreList(ListView):
    related = (Restore.tenant, Restore.created_by)
    list_template = "restores/list.html"
    column_list = ("id", "tenant", "source_name", "state", "created_by", "created_at", "ended_at", "reason")
    hidden_columns = ("ended_at", "reason")
    search_hint = "A restore's number"
    nothing_yet = "No restores yet. “Restore” on a backup set previews one: looking changes nothing."
    day_field = Restore.created_at
    column_labels: ClassVar = {
        "id": "Restore",
        "source_name": "Of",
        "created_by": "Requested by",
        "created_at": "Requested",
        "ended_at": "Ended",
    }
    column_sortable_list = ("id",)
    column_formatters: ClassVar = {
        "id": link_cell("restores.page", "restore_id"),
        "tenant": tenant_cell,
        "state": state_cell,
        "created_by": person_cell("a command"),
        "created_at": moment_cell,
        "ended_at": moment_cell,
        "reason": text_cell,
    }
    filters = (filters.state(Restore.state, RestoreState), filters.person(Restore.created_by))
    export_columns = ("id", "tenant", "source_name", "state", "created_by", "created_at", "ended_at", "reason")

    def render(self, template: str, **kwargs: Any) -> Any:
        return super().render(template, **kwargs, **upload_facts(request.args))


def register(admin: Admin) -> None:
    admin.add_view(RestoreList(Restore, name="Restores", endpoint="restore_list", url="/restores"))


@pages.get("/<int:restore_id>")
@requires(Permission.SEE)
def page(restore_id: int) -> str:
    return show(fetch(Restore, restore_id, Permission.SEE))


def show(restore: Restore, typed: Mapping[str, str] | None = None) -> str:
    """The page; `typed` is what a form held that was refused."""
    of_restore = restores.runs_of_restore(restore)
    active = next((one for one in of_restore if one.state in ACTIVE), None)
    results = restore_items.results(of_restore)
    outcomes = Counter(one.outcome for one in results.values() if one.outcome)
    actions = restores.count_by_action(restore)
    rows = _rows(restore, request.args.get("show", ""), results)
    return render_template(
        "restores/page.html",
        restore=restore,
        tenant=restore.tenant,
        creator=users.find_by_id(restore.created_by_id),
        approver=users.find_by_id(restore.approved_by_id),
        approval=restore_approval.facts(restore, active),
        expires_at=approvals.expires_at(restore, config.settings().plan_hours),
        said=restore_text.in_words(restore.options),
        choices=restore_text.CHOICES,
        chosen={**restore_text.chosen(restore.options), **(typed or {})},
        typed=typed or {},
        runs=of_restore,
        active=active,
        last_preview=next((one for one in of_restore if one.kind == RunKind.PREVIEW), None),
        progress=runs.progress_of(active) if active else "",
        actions=actions,
        outcomes=outcomes,
        sentence=restore_text.sentence(actions, approvals.count_held_back(restore)),
        rows=rows,
        results=results,
        count=restore_items.count(restore),
        wanted=request.args.get("show", ""),
        notes=_notes(rows),
        is_unresolved=any(_is_unresolved(one) for one in rows),
        dangers=_dangers(restore),
        undone_by=restores.undos_of(restore),
        may=_may(restore, active, sum(outcomes[name] for name in SUCCESSFUL_OUTCOMES)),
    )


def _rows(restore: Restore, wanted: str, results: Mapping[int, RunItem]) -> list[RestoreItem]:
    """Of one plan or outcome, or all; unless asked for, without those that are as the backup has them already."""
    if wanted in set(Outcome):
        ended_so = [item_id for item_id, result in results.items() if result.outcome == wanted]
        return restore_items.of_outcome(restore, wanted, ended_so, ITEMS_SHOWN)
    find = restore_items.first if wanted == EVERYTHING else restore_items.without_matches
    return find(restore, ITEMS_SHOWN)


def _notes(rows: list[RestoreItem]) -> list[tuple[RestoreItem, str]]:
    return [(one, note) for one in rows for note in one.notes or ()][:NOTES_SHOWN]


def _is_unresolved(item: RestoreItem) -> bool:
    needed = [one for one in item.resolutions or () if one.get("is_needed", True)]
    return any(one["how"] in ("unresolved", "dropped") for one in needed)


def _dangers(restore: Restore) -> list[restore_text.Danger]:
    """Of what would be written, kind by kind."""
    return restore_text.dangers(restore_items.written(restore))


def holds_cancel(restore: Restore) -> bool:
    mine = restore.created_by_id == current_user.id
    return may(Permission.OPERATE if mine else Permission.MANAGE, restore)


def _may(restore: Restore, active: Run | None, done: int) -> dict[str, bool]:
    """Which buttons the page has for this person, now."""
    operates = may(Permission.OPERATE, restore) and not active
    manages = may(Permission.MANAGE, restore) and not active
    is_ready = not four_eyes.is_required(restore) or four_eyes.has_approved(restore)
    is_left = done < restore_items.count(restore)
    return {
        "change": operates and restore.state in CHANGEABLE,
        "approve": manages and restore_approval.may_approve(restore),
        "execute": manages and is_ready and restore.state in (RestoreState.PREVIEWED, RestoreState.APPROVED),
        "cancel": holds_cancel(restore) and restore.state in (*CHANGEABLE, RestoreState.RUNNING),
        "undo": manages and restore.state == RestoreState.FINISHED and restores.has_written(restore),
        "again": operates and restore.state in (RestoreState.FINISHED, RestoreState.CANCELLED) and is_left,
    }


@pages.get("/<int:restore_id>/items/<int:item_id>")
@requires(Permission.SEE)
def item(restore_id: int, item_id: int) -> str:
    return _item(*_one(restore_id, item_id, Permission.SEE), Masking())


@pages.post("/<int:restore_id>/items/<int:item_id>")
@requires(Permission.MANAGE)
def item_with_secrets(restore_id: int, item_id: int) -> str:
    restore, found = _one(restore_id, item_id, Permission.MANAGE)
    record_secrets_shown(restore.tenant, f"{restore}, “{found.name}”", "plan", current_actor())
    return _item(restore, found, None)


@pages.get("/<int:restore_id>/plan")
@requires(Permission.SEE)
def plan_page(restore_id: int) -> Any:
    return _plan_page(fetch(Restore, restore_id, Permission.SEE), Masking())


@pages.post("/<int:restore_id>/plan")
@requires(Permission.MANAGE)
def plan_with_secrets(restore_id: int) -> Any:
    restore = fetch(Restore, restore_id, Permission.MANAGE)
    record_secrets_shown(restore.tenant, str(restore), "plan", current_actor())
    return _plan_page(restore, None)


def _plan_page(restore: Restore, hide: Masking | None) -> Any:
    """All of a plan, sent policy by policy: no more than one of them is in memory."""
    return stream_template(
        "restores/plan.html",
        restore=restore,
        tenant=restore.tenant,
        creator=users.find_by_id(restore.created_by_id),
        expires_at=approvals.expires_at(restore, config.settings().plan_hours),
        said=restore_text.in_words(restore.options),
        sentence=restore_text.sentence(restores.count_by_action(restore), approvals.count_held_back(restore)),
        approval=restore_approval.facts(restore, None),
        dangers=_dangers(restore),
        danger_titles=policy_type_names.DANGERS,
        secrets="shown" if hide is None else "masked" if may_show_secrets(restore) else "managers",
        items=_read_out(restore, hide),
        not_written=restore_items.not_written(restore, ITEMS_SHOWN),
        most_lines=LINES_IN_PLAN,
        longest=LONGEST_IN_PLAN,
    )


def _read_out(restore: Restore, hide: Masking | None) -> Iterator[tuple[RestoreItem, list[Any], list[plan_text.Part]]]:
    for item_id in restore_items.written_ids(restore):
        found = RestoreItem.get_by_id(item_id)
        names = plan_text.target_names(restore.tenant, [found])
        yield found, drafts.differences(found, hide, names), plan_text.parts(found, hide, names)


def _one(restore_id: int, item_id: int, permission: Permission) -> tuple[Restore, RestoreItem]:
    restore, found = fetch(Restore, restore_id, permission), fetch(RestoreItem, item_id, permission)
    if found.restore_id != restore.id:
        abort(404)
    return restore, found


def _item(restore: Restore, found: RestoreItem, hide: Masking | None) -> str:
    names = plan_text.target_names(restore.tenant, [found])
    differences = drafts.differences(found, hide, names)
    parts = plan_text.parts(found, hide, names)
    result = restore_items.results(restores.runs_of_restore(restore)).get(found.id)
    return render_template(
        "restores/item.html",
        restore=restore,
        tenant=restore.tenant,
        item=found,
        policy=policies.find_by_graph_id(restore.tenant, found.policy_type, found.created_id or found.target_id or ""),
        source=_visible(found.snapshot),
        result=result,
        after=result.snapshot if result else None,
        differences=differences,
        parts=parts,
        writing=WRITTEN_OUTCOMES,
        danger_titles=policy_type_names.DANGERS,
        secrets=note(hide, may_show_secrets(restore)),
        resolutions=[(one, restore_text.resolution(one)) for one in found.resolutions or ()],
        writes=write_log.writes_by_item([found.id])[found.id],
    )


def may_show_secrets(restore: Restore) -> bool:
    """Those who manage both sides; of a file from elsewhere there is one side only."""
    return may(Permission.MANAGE, restore)


def _visible(snapshot: Snapshot | None) -> Snapshot | None:
    return snapshot if snapshot and can(Permission.SEE, snapshot.tenant_id) else None
