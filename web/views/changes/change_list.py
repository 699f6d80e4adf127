"""`/changes/`: what changed in the tenants that a person sees, by whom, and what nobody has decided about yet."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from flask import Response, abort, flash
from flask_admin import Admin, expose
from flask_admin.actions import action
from markupsafe import Markup

from actors.facade import policy_type_names
from db.changes import decisions
from db.errors import Invalid
from db.events import event_lists
from db.models import Change
from db.policies import search
from db.sql import value_lists
from db.states import ChangeKind, ChangeState, Severity
from db.tenants import tags
from web.change_words import authors, place_words
from web.change_words.documents import document
from web.change_words.words import KINDS, SEVERITIES, STATES, severity_badge, state_badge, what_words
from web.inputs import form_text
from web.lists.cells import ago_cell, cell, moment_cell, person_cell, tenant_cell, text_cell
from web.lists.filters import Filter
from web.lists.list_view import EXPORT_CAP, ListView, stream_download
from web.presentation.formatters import count_text, policy_type_title
from web.presentation.links import link
from web.security.access import allowed_tenant_ids, current_actor, requires
from web.security.permissions import Permission
from web.translation.sentences import translated

BY_US = "ours"
# How many of who did something lately can be chosen.
MOST_DOERS = 40


def _name_and_what(change: Change) -> Markup:
    name = link("changes.page", change.policy.name, change_id=change.id)
    return Markup('{}<span class="under"><span class="brief">{}</span></span>').format(name, what_words(change))


def _type_of(change: Change) -> str:
    return policy_type_title(change.policy.policy_type, change.policy.odata_type)


def _doers() -> Mapping[str, str]:
    names = event_lists.newest_doers(allowed_tenant_ids(Permission.SEE), MOST_DOERS)
    return {BY_US: translated("a restore of ours")} | {name: name for name in names}


def _is_by(value: str) -> Any:
    if value == BY_US:
        return Change.restore_id.is_null(False)
    return event_lists.is_changed_by(value, allowed_tenant_ids(Permission.SEE))


FILTERS = (
    Filter("state", "State", lambda: {str(state): word for state, word in STATES.items()}, lambda v: Change.state == v),
    Filter(
        "severity",
        "Severity",
        lambda: {str(severity): SEVERITIES[severity] for severity in reversed(Severity)},
        lambda value: Change.severity == value,
    ),
    Filter("kind", "Kind", lambda: {str(kind): KINDS[kind] for kind in ChangeKind}, lambda value: Change.kind == value),
    Filter("type", "Type", policy_type_names.titles, lambda value: Change.policy_type == value),
    Filter("by", "By whom", _doers, _is_by),
    Filter(
        "tag",
        "Tag",
        lambda: tags.known(allowed_tenant_ids(Permission.SEE)),
        lambda value: tags.is_of_tenant_with(Change.tenant, value),
    ),
)


class ChangeListView(ListView):
    list_template = "changes/list.html"
    related = (Change.policy, Change.tenant, Change.decided_by)
    column_list = (
        "policy", "severity", "seen_at", "by", "tenant", "state", "policy_type", "kind", "since_at", "decided_by",
        "reason",
    )  # fmt: skip
    hidden_columns = ("policy_type", "kind", "since_at", "decided_by", "reason")
    column_labels: ClassVar = {
        "policy": "Change",
        "seen_at": "Seen",
        "by": "Who",
        "policy_type": "Type",
        "since_at": "Last seen as before",
        "decided_by": "Decided by",
    }
    column_sortable_list = ("seen_at",)
    search_hint = "Name or Graph id of a policy"
    search_cap = 200  # their names are in another table
    page_size_options = (20, 30)  # of long names, each takes half a screen of a phone
    nothing_yet = "No changes yet. Every backup and every look at a tenant tells here what became another."
    day_field = Change.seen_at
    filters = FILTERS
    acts_need = Permission.MANAGE
    column_formatters: ClassVar = {
        "policy": cell(_name_and_what),
        "severity": cell(lambda change: severity_badge(change.severity)),
        "seen_at": ago_cell,
        "by": cell(lambda change: Markup('<span class="breaks">{}</span>').format(change.author.words)),
        "tenant": tenant_cell,
        "state": cell(state_badge),
        "policy_type": cell(_type_of),
        "kind": cell(lambda change: KINDS[change.kind]),
        "since_at": moment_cell,
        "decided_by": person_cell(""),
        "reason": text_cell,
    }
    export_columns = (
        "id", "tenant", "policy_type", "graph_id", "name", "kind", "what", "severity", "since_at", "seen_at", "by",
        "state", "decided_by", "decided_at", "reason", "until",
    )  # fmt: skip

    def _matches_word(self, word: str) -> Any:
        return search.policy_name_matches(word, Change.policy, self.tenant_ids())

    def _rows(self, ids: list[int]) -> list[Any]:
        """Fetch the changes, each with its author."""
        rows = super()._rows(ids)
        place_words.look_up(rows)
        found = authors.authors_of(rows)
        for row in rows:
            row.author = found[row.id]
        return rows

    def export_value(self, row: Any, column: str) -> Any:
        if column in ("policy_type", "graph_id", "name"):
            return getattr(row.policy, column)
        if column == "what":
            return what_words(row)
        if column == "by":
            return row.author.plain_words
        return super().export_value(row, column)

    @expose("/export/<export_type>/")
    @requires(Permission.SEE)
    def export(self, export_type: str) -> Any:
        if export_type == "json":
            return self._stream_json()
        if export_type != "csv":
            abort(404)
        return self._stream_csv()

    def _stream_json(self) -> Response:
        args = self._get_list_extra_args()
        ids = self._matching(args.search).order_by(Change.id.desc()).limit(EXPORT_CAP).tuples()
        return stream_download("changes.json", self._documents([row[0] for row in ids]), "application/json")

    def _documents(self, ids: list[int]) -> Iterator[str]:
        """Yield a list of documents, as the command answers them, each with its tenant."""
        yield "["
        for number, some in enumerate(value_lists.batched(ids)):
            for place, row in enumerate(self._rows(some)):
                comma = "" if number == place == 0 else ",\n"
                shown = {**document(row, row.author.events), "tenant": row.tenant.name}
                yield comma + json.dumps(shown, ensure_ascii=False, default=str)
        yield "]\n"

    @property
    def json_url(self) -> str:
        """The address of what the list finds, as JSON."""
        narrowed = self._get_list_extra_args()
        return str(self.get_url(".export", export_type="json", search=narrowed.search, **narrowed.extra_args))

    @action("accept", "Accept")
    def accept_selected(self, ids: list[str]) -> None:
        """Accept what is ticked and open, for one reason."""
        chosen, reason = self.selected(Permission.MANAGE), form_text("reason", decisions.LONGEST_REASON)
        is_open = [change for change in chosen if change.state == ChangeState.OPEN]
        try:
            if not is_open:
                raise Invalid("Tick changes that are open.")
            decided = decisions.accept(is_open, current_actor(), reason)
        except Invalid as e:
            flash(str(e), "danger")
            return
        flash(f"Accepted: {count_text(decided.count, 'change')}.", "success")


def register(admin: Admin) -> None:
    admin.add_view(ChangeListView(Change, name="Changes", endpoint="change_list", url="/changes"))
