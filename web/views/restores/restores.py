"""`/restores/`: the list, a restore's page, and the page of each of its items."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from flask import Blueprint, abort, render_template, request, stream_template
from flask_admin import Admin
from flask_login import current_user

import config
from actors.plans import drafts, plan_text, restore_results
from db.backups.disclosures import record_secrets_shown
from db.models import Restore, RestoreItem
from db.policies import policies
from db.recovery import write_log
from db.restores import approvals, item_lists, restore_items, restores, undos
from db.runs import confirmation_requests
from db.states import RestoreState
from web.inputs import page_number
from web.lists import filters
from web.lists.cells import cell, moment_cell, name_cell, tenant_cell
from web.lists.list_view import ListView
from web.presentation import restore_approval, restore_text
from web.presentation.formatters import with_times
from web.presentation.masking import Masking, secrets_note
from web.security.access import can_fetch, current_actor, fetch, requires
from web.security.permissions import Permission
from web.translation.languages import current_language
from web.translation.sentences import translated
from web.verdicts import verdicts
from web.views.restores.new_restore import upload_form
from web.views.restores.plan_pages import POLICIES_SHOWN, ItemPage, PlanItem, PlanPage
from web.views.restores.restore_page import ITEMS_SHOWN, restore_page
from web.views.restores.restore_tally import tally

pages = Blueprint("restores", __name__, url_prefix="/restores")


class RestoreListView(ListView):
    related = (Restore.tenant, Restore.created_by)
    list_template = "restores/list.html"
    column_list = ("id", "tenant", "policies", "state", "created_at", "created_by", "source_name", "ended_at", "reason")
    hidden_columns = ("source_name", "ended_at", "reason")
    has_names = True
    search_hint = "A restore's number"
    nothing_yet = "No restores yet. “Restore” on a backup set previews one: looking changes nothing."
    day_field = Restore.created_at
    column_labels: ClassVar = {
        "id": "Restore",
        "policies": "Policies",
        "source_name": "Source",
        "created_by": "Requested by",
        "created_at": "Requested",
        "ended_at": "Ended",
    }
    column_sortable_list = ("id",)
    column_formatters: ClassVar = {
        "id": name_cell,
        "tenant": tenant_cell,
        "policies": cell(lambda restore: translated(tally(restore, restore.ends))),
        "state": cell(lambda restore: restore.badge),
        "created_by": cell(lambda restore: restore.requester),
        "source_name": cell(lambda restore: with_times(translated(restore.source_name))),
        "created_at": moment_cell,
        "ended_at": moment_cell,
        "reason": cell(restore_text.reason_words),
    }
    filters = (filters.state_filter(Restore.state, RestoreState), filters.person_filter(Restore.created_by))
    export_columns = ("id", "tenant", "source_name", "state", "created_by", "created_at", "ended_at", "reason",
                      "undone_by")  # fmt: skip

    def _rows(self, ids: list[int]) -> list[Any]:
        rows = super()._rows(ids)
        ends = item_lists.count_ends(ids)
        requesters, undone_by = restore_text.requested_by_whom(rows), undos.that_undid_each(rows)
        found = verdicts.restore_verdicts(rows, undone_by)
        for row in rows:
            row.ends, row.requester, row.badge = ends[row.id], requesters[row.id], found[row.id].badge
            row.undone_by = " ".join(str(undo.id) for undo in undone_by[row.id])
        return rows

    def render(self, template: str, **kwargs: Any) -> Any:
        return super().render(template, **kwargs, upload_form=upload_form(request.args))


def register(admin: Admin) -> None:
    admin.add_view(RestoreListView(Restore, name="Restores", endpoint="restore_list", url="/restores"))


@pages.get("/<int:restore_id>")
@requires(Permission.SEE)
def page(restore_id: int) -> str:
    restore = fetch(Restore, restore_id, Permission.SEE)
    confirmation_requests.mark_read(restore, current_user.id)
    return show(restore)


def show(restore: Restore, typed: Mapping[str, str] | None = None) -> str:
    """Return the page; `typed` is what a form held that was refused."""
    return render_template("restores/page.html", page=restore_page(restore, typed))


@pages.get("/<int:restore_id>/items/<int:item_id>")
@requires(Permission.SEE)
def item(restore_id: int, item_id: int) -> str:
    return _item(*_fetch_item(restore_id, item_id, Permission.SEE), Masking())


@pages.post("/<int:restore_id>/items/<int:item_id>")
@requires(Permission.MANAGE)
def item_with_secrets(restore_id: int, item_id: int) -> str:
    restore, item = _fetch_item(restore_id, item_id, Permission.MANAGE)
    record_secrets_shown(restore.tenant, f"{restore}, “{item.name}”", "plan", current_actor())
    return _item(restore, item, None)


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
    looked_at = restore_items.with_dangers(restore)
    written = restore_items.written_ids(restore)
    number = page_number(max(len(written) - 1, 0) // POLICIES_SHOWN)
    shown = written[number * POLICIES_SHOWN :][:POLICIES_SHOWN]
    page = PlanPage(
        restore=restore,
        badge=verdicts.restore_badges([restore])[restore.id],
        requested_by=restore_text.requested_by(restore),
        expires_at=approvals.expires_at(restore, config.settings().plan_hours),
        plan=restore_items.count_plan(restore),
        warnings=restore_results.warnings_before(looked_at),
        approval=restore_approval.find_approval(restore, None),
        dangers=restore_text.group_dangers(looked_at),
        secrets="shown" if hide is None else "masked" if may_show_secrets(restore) else "managers",
        items=_read_out(restore, shown, hide),
        not_written=restore_items.not_written(restore, ITEMS_SHOWN),
        number=number,
        count=len(written),
    )
    return stream_template("restores/plan.html", page=page)


def _read_out(restore: Restore, item_ids: list[int], hide: Masking | None) -> Iterator[PlanItem]:
    words = plan_text.words_of_items(restore_items.items_by_ids(item_ids), current_language())
    for item_id in item_ids:
        item = RestoreItem.get_by_id(item_id)
        names = plan_text.target_names(restore.tenant, [item])
        yield PlanItem(
            item,
            drafts.differences(item, hide, names, words),
            plan_text.sections(item, hide, names, words),
            plan_text.access_story(item, names),
        )


def _fetch_item(restore_id: int, item_id: int, permission: Permission) -> tuple[Restore, RestoreItem]:
    restore, item = fetch(Restore, restore_id, permission), fetch(RestoreItem, item_id, permission)
    if item.restore_id != restore.id:
        abort(404)
    return restore, item


def _item(restore: Restore, item: RestoreItem, hide: Masking | None) -> str:
    names = plan_text.target_names(restore.tenant, [item])
    words = plan_text.words_of_items([item], current_language())
    differences = drafts.differences(item, hide, names, words)
    parts = plan_text.sections(item, hide, names, words)
    page = ItemPage(
        restore=restore,
        item=item,
        policy=policies.find_by_graph_id(restore.tenant, item.policy_type, item.created_id or item.target_id or ""),
        result=restore_items.results(restores.runs_of_restore(restore)).get(item.id),
        differences=differences,
        parts=parts,
        story=plan_text.access_story(item, names),
        secrets=secrets_note(hide, may_show_secrets(restore)),
        writes=write_log.writes_by_item([item.id])[item.id],
    )
    return render_template("restores/item.html", page=page)


def may_show_secrets(restore: Restore) -> bool:
    """May this person see the secrets? Between two tenants that takes a manager of both."""
    return can_fetch(Permission.MANAGE, restore)
