"""`/policies/`: the list, a policy's page with its snapshots, and capturing one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import Any, ClassVar, NamedTuple

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_admin import Admin
from flask_admin.actions import action
from flask_babel import gettext
from markupsafe import Markup

import actors.backups.back_up
import actors.backups.capture
from actors.facade import policy_type_names, snapshot_diff
from actors.facade.snapshot_diff import AccessStory
from db.changes import approved_lists, change_lists
from db.changes.approved_lists import PolicyApproval
from db.clock import utcnow
from db.events import event_lists
from db.models import IS_GONE_POLICY, Change, Policy, Run, Snapshot, Tenant, TenantEvent
from db.names import snapshot_origins
from db.names.snapshot_origins import Origin
from db.policies import later_changes, lives, search, snapshots
from db.policies.lives import Lives
from db.runs import run_history
from db.states import LaterChangeKind, PolicyState, RunKind
from web.assignment_words.target_links import target_links
from web.change_words import authors
from web.change_words.authors import Author
from web.inputs import page_number, without_nul
from web.lists.cells import ago_cell, cell, moment_cell, tenant_cell
from web.lists.filters import Filter
from web.lists.list_view import ListView
from web.presentation import run_messages
from web.presentation.formatters import (
    NO_REAL_CHANGE,
    POLICY_STATES,
    change_summary,
    datetime_html,
    policy_state_badge,
    policy_type_title,
)
from web.presentation.links import link
from web.presentation.masking import Masking
from web.security.access import can, current_actor, fetch, requires
from web.security.permissions import Permission
from web.translation.languages import current_language
from web.translation.sentences import translated_markup

pages = Blueprint("policies", __name__, url_prefix="/policies")

# A shorter word is in the titles of nearly all types.
SHORTEST_TYPE_WORD = 3
SNAPSHOTS_SHOWN, RUNS_SHOWN, EVENTS_SHOWN, LAST_PAGE = 10, 8, 6, 9999


CAPTURED = {"never": "never", "day": "in the last day", "week": "in the last 7 days", "before": "before that"}


def _is_captured(value: str) -> Any:
    at = Policy.last_captured_at
    if value == "never":
        return at.is_null()
    bound = utcnow() - timedelta(days=1 if value == "day" else 7)
    return at < bound if value == "before" else at >= bound


CHANGED: dict[str, str] = {
    LaterChangeKind.CHANGED: "after the newest snapshot",
    LaterChangeKind.NEW: "new, not captured yet",
    LaterChangeKind.DELETED: "deleted from the tenant",
}


def _is_of_change(value: str) -> Any:
    if value == LaterChangeKind.CHANGED:
        return later_changes.is_changed_in_tenant()
    is_new = (Policy.state == PolicyState.PRESENT) & Policy.last_captured_at.is_null()
    return is_new if value == LaterChangeKind.NEW else IS_GONE_POLICY


def _is_in_state(value: str) -> Any:
    return IS_GONE_POLICY if value == PolicyState.GONE else Policy.state == value


def _type_of(policy: Policy) -> str:
    return policy_type_title(policy.policy_type, policy.odata_type)


def _name_and_type(policy: Policy) -> Markup:
    name = link("policies.page", policy.name, policy_id=policy.id)
    return Markup('{}<span class="under">{}</span>').format(name, _type_of(policy))


class PolicyListView(ListView):
    list_template = "policies/list.html"
    related = (Policy.tenant,)
    column_list = (
        "name", "tenant", "policy_type", "state", "modified_at", "last_captured_at", "snapshot_count", "platform",
        "graph_id", "first_seen_at",
    )  # fmt: skip
    hidden_columns = ("policy_type", "platform", "graph_id", "first_seen_at")
    sorted_by, sorted_backwards, order_words = "modified_at", True, "changed last first"
    column_labels: ClassVar = {
        "policy_type": "Type",
        "modified_at": "Modified",
        "last_captured_at": "Last captured",
        "snapshot_count": "Snapshots",
        "graph_id": "Graph id",
        "first_seen_at": "First seen",
    }
    column_sortable_list = ("name", "modified_at", "last_captured_at")
    search_hint = "Name, type, description, setting or Graph id"
    nothing_yet = "No policies known yet. “Sync policies” on a tenant's page reads them from it."
    column_formatters: ClassVar = {
        "name": cell(_name_and_type),
        "tenant": tenant_cell,
        "policy_type": cell(_type_of),
        "state": cell(lambda policy: policy_state_badge(policy.state)),
        "modified_at": ago_cell,
        "last_captured_at": ago_cell,
        "platform": cell(lambda policy: policy.platform or "–"),
        "first_seen_at": moment_cell,
    }
    filters = (
        Filter("type", "Type", policy_type_names.titles, lambda value: Policy.policy_type == value),
        Filter("state", "State", lambda: {str(state): POLICY_STATES[state] for state in PolicyState}, _is_in_state),
        Filter("captured", "Captured", lambda: CAPTURED, _is_captured),
        Filter("changed", "Changed", lambda: CHANGED, _is_of_change),
    )
    export_columns = ("tenant", "policy_type", "graph_id", "name", "state", "modified_at", "last_captured_at")

    def _scoped(self, query: Any) -> Any:
        # What was deleted and created again is one policy: the one that lives.
        return super()._scoped(query).where(lives.is_the_living_one())

    def _matches_word(self, word: str) -> Any:
        of_name = search.policy_matches(word, self.tenant_ids())
        types = policy_type_names.types_with_word(word) if len(word) >= SHORTEST_TYPE_WORD else ([], {})
        return of_name | search.is_of_types(*types) if any(types) else of_name

    def columns_by_itself(self, rows: list[Policy]) -> list[str]:
        """Leave the states out where they say nothing: every policy of the page is in its tenant."""
        says_nothing = all(policy.state == PolicyState.PRESENT for policy in rows)
        names = super().columns_by_itself(rows)
        return [name for name in names if not (says_nothing and name == "state")]

    def suggestion(self) -> Markup | str:
        """Return a link to the same search with words that there are, in place of those that nothing has."""
        asked = without_nul(request.args.get("search", ""))[:200]
        better = search.spell(asked, self.tenant_ids(), policy_type_names.title_words())
        if not better:
            return ""
        address = self.get_url(".index_view", search=better, tenant=request.args.get("tenant") or None)
        return Markup('{} <a href="{}">{}</a>?').format(gettext("Did you mean"), address, better)

    @action("capture", "Capture snapshot")
    def capture_selected(self, ids: list[str]) -> None:
        policies = self.selected(Permission.OPERATE)
        run_messages.start_for_each(policies, actors.backups.capture.start, RunKind.CAPTURE_SNAPSHOT)

    @action("back_up", "Back up")
    def back_up_selected(self, ids: list[str]) -> None:
        """Start one backup for each tenant of the chosen policies."""
        of_tenant: dict[Tenant, list[int]] = {}
        for policy in self.selected(Permission.OPERATE):
            of_tenant.setdefault(policy.tenant, []).append(policy.id)
        acts = [
            partial(actors.backups.back_up.start, tenant, current_actor(), policy_ids=policy_ids)
            for tenant, policy_ids in of_tenant.items()
        ]
        run_messages.start_all(acts, url_for("run_list.index_view", tenant="all", kind=RunKind.BACK_UP))


def register(admin: Admin) -> None:
    admin.add_view(PolicyListView(Policy, name="Policies", endpoint="policy_list", url="/policies"))


class Version(NamedTuple):
    """A snapshot in the policy's history. `before` is the one before it; None for the first."""

    snapshot: Snapshot
    before: Snapshot | None
    origin: Origin
    what: str
    # The change that this snapshot is the outcome of, and who made it; None where none was recorded.
    change: Change | None = None
    author: Author | None = None

    @property
    def is_confirmed_later(self) -> bool:
        """A later capture found the same."""
        return bool(self.snapshot.confirmed_at != self.snapshot.captured_at)

    @property
    def is_created_again(self) -> bool:
        """The snapshot before is of the policy that was deleted, and in whose place this one was created."""
        return self.before is not None and self.before.policy_id != self.snapshot.policy_id

    @property
    def is_real_change(self) -> bool:
        return self.before is not None and self.what != NO_REAL_CHANGE


@dataclass(frozen=True)
class PolicyPage:
    """`versions` are one page of the policy's history, the newest first, with those of its earlier lives.

    `right`: the version to put back, the last one that differs from what is in the tenant.
    """

    policy: Policy
    lives: Lives
    newest: Snapshot | None
    right: Snapshot | None
    versions: list[Version]
    number: int
    has_older: bool
    assignments: list[tuple[bool, str]] | None
    # Of a Conditional Access policy, as of its newest snapshot.
    story: AccessStory | None
    runs: list[Run]
    events: list[TenantEvent]

    @property
    def tenant(self) -> Tenant:
        return self.policy.tenant

    @property
    def is_gone(self) -> bool:
        return bool(self.policy.state == PolicyState.GONE)

    @property
    def is_changed_since(self) -> bool:
        """Somebody changed it in the tenant after its newest snapshot."""
        modified, captured = self.policy.modified_at, self.policy.last_captured_at
        return bool(self.newest and modified and captured and modified > captured)

    @property
    def restore_words(self) -> Markup | str:
        """The words on the button that puts the right version back."""
        if self.is_gone:
            return "Restore it"
        changed_at = self.policy.modified_at
        if self.newest and not self.is_changed_since:
            changed_at = self.newest.modified_at or self.newest.captured_at
        return translated_markup("Restore the version before {}").format(datetime_html(changed_at))

    @property
    def can_compare(self) -> bool:
        return sum(policy.snapshot_count for policy in (self.policy, *self.lives.earlier)) > 1

    @property
    def successor(self) -> Policy | None:
        """The policy created in its place, most lately."""
        return self.lives.later[-1] if self.lives.later else None

    def deleted_at(self, version: Version) -> datetime | None:
        """Return when the policy was found deleted that was before the one of this version."""
        before = version.before
        return next((row.gone_at for row in self.lives.earlier if before and row.id == before.policy_id), None)

    @cached_property
    def can_operate(self) -> bool:
        return can(Permission.OPERATE, self.policy.tenant_id)

    @property
    def can_manage(self) -> bool:
        return can(Permission.MANAGE, self.policy.tenant_id)

    @cached_property
    def target_links(self) -> list[tuple[str, str]]:
        """The lists of who else gets what this policy's targets get, as (words, address)."""
        return target_links(self.policy)

    @cached_property
    def approval(self) -> PolicyApproval:
        return approved_lists.of_policy(self.policy)


@pages.get("/<policy_id>")
@requires(Permission.SEE)
def page(policy_id: str) -> str:
    policy = fetch(Policy, policy_id, Permission.SEE)
    number = page_number(LAST_PAGE)
    # One more than is shown: what changed with the last one is told by the one before it.
    lives_of = lives.of_policy(policy)
    own = {row.id: row for row in (policy, *lives_of.earlier)}
    history = snapshots.of_policies(list(own.values()), SNAPSHOTS_SHOWN + 1, number * SNAPSHOTS_SHOWN)
    for snapshot in history:
        snapshot.policy = own[snapshot.policy_id]
    newest = history[0] if history and number == 0 else snapshots.latest(policy)
    contents = snapshot_diff.open_contents({*history, *([newest] if newest else [])}, Masking(tells_apart=True))
    policy_page = PolicyPage(
        policy=policy,
        lives=lives_of,
        newest=newest,
        right=_right_version(policy),
        versions=_versions(history, contents),
        number=number,
        has_older=len(history) > SNAPSHOTS_SHOWN,
        assignments=snapshot_diff.assignment_texts(newest, contents[newest.id]) if newest else None,
        story=snapshot_diff.access_story(newest, contents[newest.id]) if newest else None,
        runs=run_history.newest_of_policies(list(own.values()), RUNS_SHOWN),
        events=event_lists.newest_of_policies(list(own.values()), EVENTS_SHOWN),
    )
    return render_template("policies/page.html", page=policy_page)


def _right_version(policy: Policy) -> Snapshot | None:
    snapshot_id = later_changes.right_version_id(policy)
    return Snapshot.get_by_id(snapshot_id) if snapshot_id else None


def _versions(history: list[Snapshot], contents: Mapping[int, Any]) -> list[Version]:
    found = snapshot_diff.changes_between_neighbours(history, contents, language=current_language())
    summaries = [change_summary(differences) for differences in found]
    shown = history[:SNAPSHOTS_SHOWN]
    origins = snapshot_origins.origins_of(shown)
    rows = zip(shown, [*history[1:], None], [*summaries, "First snapshot"], strict=False)
    changes = change_lists.by_outcome([snapshot.id for snapshot in shown])
    by = authors.authors_of(list(changes.values()))
    versions = []
    for snapshot, before, what in rows:
        change = changes.get(snapshot.id)
        author = by[change.id] if change else None
        versions.append(Version(snapshot, before, origins[snapshot.id], what, change, author))
    return versions


@pages.get("/<policy_id>/compare")
@requires(Permission.SEE)
def compare(policy_id: str) -> Any:
    """The two that were chosen, the older one first."""
    policy = fetch(Policy, policy_id, Permission.SEE)
    chosen = [request.args.get(name, "") for name in ("one", "other")]
    if not all(chosen) or len(set(chosen)) == 1:
        flash("Choose two different snapshots to compare.", "warning")
        return redirect(url_for("policies.page", policy_id=policy.id), 303)
    before, after = sorted(
        (fetch(Snapshot, snapshot_id, Permission.SEE) for snapshot_id in chosen), key=lambda one: one.id
    )
    return redirect(url_for("snapshots.compare", snapshot_id=before.id, other_id=after.id), 303)


@pages.post("/<policy_id>/capture-snapshot")
@requires(Permission.OPERATE)
def capture_snapshot(policy_id: str) -> Any:
    policy = fetch(Policy, policy_id, Permission.OPERATE)
    return run_messages.answer_start(
        actors.backups.capture.start(policy, current_actor()), url_for("policies.page", policy_id=policy.id)
    )
