"""`/tenants/`: every tenant with its standing, tags and backups, what needs attention first."""

from collections.abc import Mapping
from typing import Any, ClassVar

from flask import current_app, g, url_for
from flask_admin import Admin
from flask_admin.actions import action
from markupsafe import Markup

import actors.backups.back_up
from db.clock import utcnow
from db.events import watches
from db.models import Tenant
from db.policies import search
from db.sql.value_lists import is_in
from db.states import Role, RunKind, Standing
from db.tenants import backup_health, schedules, tags
from db.tenants.backup_health import TenantHealth
from web.lists.cells import cell, moment_cell
from web.lists.filters import Filter
from web.lists.list_view import COUNT_CAP, ListView
from web.presentation import run_messages
from web.presentation.formatters import seconds_text
from web.presentation.links import link
from web.security.access import allowed_tenant_ids, roles_by_tenant
from web.security.permissions import Permission
from web.translation.sentences import translated
from web.verdicts.verdicts import WORDS, tenant_badge
from web.views.tenants.freshness import freshness_line
from web.views.tenants.tenant_page import connection, last_backup

WITH, WITHOUT = "yes", "no"
STANDING = "standing"


def healths() -> Mapping[int, TenantHealth]:
    """Return tenant id -> health of every tenant that the person sees and that is switched on, the worst first."""
    if "healths" not in g:
        found = backup_health.health_of_tenants(allowed_tenant_ids(Permission.SEE), utcnow())
        g.healths = {health.tenant.id: health for health in found}
    by_id: Mapping[int, TenantHealth] = g.healths
    return by_id


def _has_standing(value: str) -> Any:
    """Find the tenants of which this is found, be it the worst about them or not."""
    return is_in(Tenant.id, [tenant_id for tenant_id, health in healths().items() if value in health.standings])


def _known_tags() -> Mapping[str, str]:
    return tags.known(allowed_tenant_ids(Permission.SEE))


def _role_options() -> Mapping[str, str]:
    """Offer the roles to choose from to those who have more than one: others would narrow nothing."""
    held = set(roles_by_tenant().values())
    return {str(role): str(role) for role in Role if role in held} if len(held) > 1 else {}


def _has_role(value: str) -> Any:
    return is_in(Tenant.id, [tenant_id for tenant_id, role in roles_by_tenant().items() if role == value])


def _is_scheduled(value: str) -> Any:
    return schedules.is_scheduled() if value == WITH else ~schedules.is_scheduled()


def name_with_tags(tenant: Any) -> Markup:
    """Show the tenant's name as a link, whether something can start in it, and its tags below."""
    name = link("tenants.page", tenant.name, tenant_id=tenant.id)
    if not tenant.is_active:
        state = translated("being removed" if tenant.removing_since else "switched off")
        name += Markup(' <span class="badge badge-muted"><i class="fa fa-power-off" aria-hidden="true"></i> {}</span>'
                       ).format(state)  # fmt: skip
    return Markup("{}<br>{}").format(name, _tags(tenant)) if tenant.tag_names else name


def _standing(tenant: Any) -> object:
    return tenant_badge(tenant.health) if tenant.health else ""


def _tags(tenant: Any) -> Markup:
    links = (link("tenant_list.index_view", name, tag=tags.fold(name)) for name in tenant.tag_names)
    return Markup(" ").join(Markup('<span class="badge badge-muted">{}</span>').format(tag_link) for tag_link in links)


def _next_backup(tenant: Any) -> object:
    at = tenant.health.next_at if tenant.health else None
    if at is None:
        return Markup('<span class="text-muted">{}</span>').format(translated("Not scheduled"))
    seconds, at = (at - utcnow()).total_seconds(), at.replace(microsecond=0)
    words = f"in {seconds_text(seconds)}" if seconds > 0 else "due"
    return Markup('<time class="ago" datetime="{}Z" title="{} UTC">{}</time>').format(at.isoformat(), at, words)


def _watch(tenant: Any) -> object:
    return freshness_line(tenant, tenant.watch)


def _is_watched(value: str) -> Any:
    return watches.is_watched() if value == WITH else ~watches.is_watched()


def _changes(tenant: Any) -> object:
    return link("later_changes.page", str(tenant.changes), tenant_id=tenant.id) if tenant.changes else ""


FILTERS = (
    Filter(STANDING, "Backups", lambda: {str(standing): WORDS[standing] for standing in Standing}, _has_standing),
    Filter("tag", "Tag", _known_tags, tags.has_tag),
    Filter("role", "Your role", _role_options, _has_role),
    Filter("schedule", "Schedule", lambda: {WITH: "has one", WITHOUT: "has none"}, _is_scheduled),
    Filter("watched", "Watched", lambda: {WITH: "watched", WITHOUT: "not watched"}, _is_watched),
)


class TenantListView(ListView):
    list_template = "fleet/list.html"
    order_words = "what needs attention first, then by name"
    page_words = ("Previous", "Next")
    column_list = (
        "name",
        STANDING,
        "last_backup_at",
        "next_backup",
        "changes",
        "watch",
        "connected_at",
        "last_synced_at",
        "directory_id",
        "client_id",
        "created_at",
    )
    hidden_columns = ("connected_at", "last_synced_at", "directory_id", "client_id", "created_at")
    column_labels: ClassVar = {
        STANDING: "Backups",
        "last_backup_at": "Last good",
        "next_backup": "Next",
        "changes": "Changed since",
        "watch": "Watching",
        "connected_at": "Connection",
        "last_synced_at": "Last sync",
        "directory_id": "Directory id",
        "client_id": "Client id",
        "created_at": "Added",
    }
    column_sortable_list = ("name", (STANDING, STANDING), "last_backup_at")
    sorted_by = STANDING
    search_hint = "Name or directory id"
    nothing_yet = "No tenants yet. An admin adds one on the server with “tenantkeep tenant add”."
    filters = FILTERS
    column_formatters: ClassVar = {
        "name": cell(name_with_tags),
        STANDING: cell(_standing),
        "last_backup_at": cell(last_backup),
        "next_backup": cell(_next_backup),
        "changes": cell(_changes),
        "watch": cell(_watch),
        "connected_at": cell(connection),
        "last_synced_at": moment_cell,
        "created_at": moment_cell,
    }
    export_columns = (
        "name", STANDING, "tags", "directory_id", "client_id", "cloud", "last_backup_at", "next_backup", "changes",
        "fresh_at", "last_synced_at", "connected_at", "connection_error", "created_at",
    )  # fmt: skip

    def _matches_word(self, word: str) -> Any:
        return search.tenant_name_matches(word)

    def get_list(
        self,
        page: int | None,
        sort_column: str | None,
        sort_desc: bool | None,
        search: str | None,
        filters: Any,
        execute: bool = True,
        page_size: int | None = None,
    ) -> tuple[int, list[Any]]:
        """Sort by standing here: it is worked out, and stands in no column."""
        if sort_column not in (None, STANDING):
            return super().get_list(page, sort_column, sort_desc, search, filters, execute, page_size)
        ids = self.matching_ids(search)
        ids = ids[::-1] if sort_desc else ids
        size, offset = self.page_bounds(page, page_size, len(ids))
        return len(ids), self._rows(ids[offset : offset + size])

    def matching_ids(self, word: str | None) -> list[int]:
        """Return the tenants that the search and the filters leave, what needs attention first, then by name."""
        query = self._matching(word).order_by(Tenant.name).limit(COUNT_CAP + 1)
        names = {row[0]: None for row in query.tuples()}
        worst_first = [tenant_id for tenant_id in healths() if tenant_id in names]
        switched_on = set(worst_first)
        return worst_first + [tenant_id for tenant_id in names if tenant_id not in switched_on]

    def _rows(self, ids: list[int]) -> list[Any]:
        """Fetch the tenants, each with what its row shows: `health`, `tag_names`, `changes` and `watch`."""
        if not ids:
            return []
        rows, changes, names = super()._rows(ids), backup_health.count_changes(ids), tags.names_by_tenant(ids)
        watched = watches.of_tenants(ids)
        for row in rows:
            row.health, row.tag_names = healths().get(row.id), names.get(row.id, [])
            row.changes, row.watch = changes[row.id], watched.get(row.id)
        return rows

    def export_value(self, row: Any, column: str) -> Any:
        if column == "tags":
            return ", ".join(row.tag_names)
        if column == STANDING:
            return row.health.standing if row.health else "switched off"
        if column == "fresh_at":
            return row.watch.fresh_at if row.watch else None
        if column == "next_backup":
            return row.health.next_at if row.health else None
        return super().export_value(row, column)

    def all_matching_address(self) -> str:
        """The address of acts on every tenant that the list finds, over all pages."""
        narrowed = {select.arg: select.chosen() for select in self.filters if select.chosen()}
        word = self._get_list_extra_args().search
        args: dict[str, Any] = {"all": "yes", **narrowed} | ({"search": word} if word else {})
        return url_for("tenant_acts.choose", **args)

    @action("back_up", "Back up")
    def back_up_selected(self, ids: list[str]) -> None:
        run_messages.start_for_each(self.selected(Permission.OPERATE), actors.backups.back_up.start, RunKind.BACK_UP)


def register(admin: Admin) -> None:
    view = TenantListView(Tenant, name="Tenants", endpoint="tenant_list", url="/tenants")
    admin.add_view(view)
    admin.app.extensions["tenant_list"] = view


def current_list() -> TenantListView:
    """Return the list of this app, for what finds tenants as it does."""
    view: TenantListView = current_app.extensions["tenant_list"]
    return view
