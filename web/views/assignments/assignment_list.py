"""`/assignments/`: every policy that includes or excludes a group, a filter, a role, an app, everyone or nobody."""

from collections.abc import Mapping
from typing import Any, ClassVar

from flask import g, request
from flask_admin import Admin
from flask_admin.model.base import ViewArgs
from flask_babel import gettext
from markupsafe import Markup

from actors.facade import assignment_names, policy_type_names
from actors.facade.snapshot_diff import CONDITIONAL_ACCESS
from db.assignments import target_lists
from db.models import Policy, PolicyTarget
from db.policies import search
from db.sql import value_lists
from web.assignment_words import words
from web.assignment_words.asked import OBJECTS, SORTS, Asked, parse_asked
from web.inputs import without_nul
from web.lists.cells import cell, tenant_cell
from web.lists.filters import Filter
from web.lists.list_view import ListView
from web.presentation.formatters import policy_type_title
from web.presentation.links import link

LONGEST_NAME = 200
MOST_PROPOSED = 300
UNUSED = "unused-filters"


def _anything(_value: str) -> Any:
    """Return no condition: `asked` has it, with the name beside it."""
    return value_lists.is_in_if_given(PolicyTarget.id, None)


def _policy_cell(target: PolicyTarget) -> Markup:
    name = link("policies.page", target.policy.name, policy_id=target.policy_id)
    title = policy_type_title(target.policy_type, target.policy.odata_type)
    return Markup('{}<span class="under">{}</span>').format(name, title)


def _target_cell(target: PolicyTarget) -> Markup:
    look, icon = ("warn", "minus") if target.is_excluded else ("good", "plus")
    if target.place in ("mention", "scope") or target.kind == "nobody":
        look, icon = "muted", "circle-o"
    badge = Markup('<span class="badge badge-{}"><i class="fa fa-{}" aria-hidden="true"></i> {}</span> ').format(
        look, icon, words.place_words(target)
    )
    filtered = words.filter_words(target, target.names)
    under = Markup('<span class="under">{}</span>').format(filtered) if filtered else ""
    shown = Markup("") if target.kind == "nobody" else badge
    return shown + Markup("{}{}").format(words.target_words(target, target.names), under)


def _terms_cell(target: PolicyTarget) -> Markup:
    lines = [*words.beside_words(target, target.beside, target.names), *words.term_lines(target)]
    return Markup("").join(Markup('<span class="under brief">{}</span>').format(line) for line in lines)


class AssignmentListView(ListView):
    list_template = "assignments/list.html"
    related = (PolicyTarget.policy, PolicyTarget.tenant)
    column_list = ("policy", "target", "intent", "terms", "tenant", "object_id")
    hidden_columns = ("object_id",)
    column_labels: ClassVar = {
        "target": "Who or what",
        "terms": "Conditions",
        "object_id": "Id",
    }
    column_sortable_list = ()
    search_hint = "Name or Graph id of a policy"
    page_size, page_size_options = 10, (10, 20)  # of Conditional Access, each takes a third of a screen of a phone
    nothing_yet = "No assignments known yet. A backup reads them with the policies."
    filters = (
        Filter("of", "Who or what", lambda: {**SORTS, UNUSED: "Filters that nothing uses", **OBJECTS}, _anything),
        Filter("type", "Type", policy_type_names.titles, lambda value: PolicyTarget.policy_type == value),
        Filter("intent", "Intent", lambda: words.INTENTS, target_lists.has_intent),
    )
    column_formatters: ClassVar = {
        "policy": cell(_policy_cell),
        "target": cell(_target_cell),
        "intent": cell(words.intent_words),
        "terms": cell(_terms_cell),
        "tenant": tenant_cell,
    }
    export_columns = (
        "tenant", "policy_type", "graph_id", "policy", "place", "kind", "target", "object_id", "intent", "filter",
        "conditions",
    )  # fmt: skip

    # --- what is asked for -------------------------------------------------------------------------------------------

    @property
    def whom(self) -> str:
        return without_nul(request.args.get("whom", "")).strip()[:LONGEST_NAME]

    @property
    def of(self) -> str:
        return self.filters[0].chosen()

    @property
    def asked(self) -> Asked:
        if "assignments_asked" not in g:
            g.assignments_asked = parse_asked(self.of, self.whom, self.tenant_ids())
        asked: Asked = g.assignments_asked
        return asked

    @property
    def proposed_names(self) -> list[str]:
        """Propose the names of the one tenant that is shown."""
        tenant = self._only_tenant()
        return target_lists.proposed_names(tenant.id, MOST_PROPOSED) if tenant else []

    @property
    def unused_filters(self) -> list[Policy] | None:
        """Return the filters that no assignment uses, where they are asked for."""
        return target_lists.unused_filters(self.tenant_ids()) if self.of == UNUSED else None

    def _matching(self, search: str | None) -> Any:
        query = super()._matching(search)
        if self.asked.condition is not None:
            return query.where(self.asked.condition)
        is_for_nothing = self.asked.problem or self.of == UNUSED
        return query.where(value_lists.is_in(PolicyTarget.id, [])) if is_for_nothing else query

    def _matches_word(self, word: str) -> Any:
        return search.policy_name_matches(word, PolicyTarget.policy, self.tenant_ids())

    def _ordered(self, query: Any, sort_column: str | None, sort_desc: bool | None) -> Any:
        return query.order_by(PolicyTarget.policy.desc(), PolicyTarget.id.desc())

    def _is_narrowed(self) -> bool:
        return bool(self.whom) or super()._is_narrowed()

    def _get_list_extra_args(self) -> ViewArgs:
        whom = self.whom
        args = super()._get_list_extra_args()
        args.extra_args |= {"whom": whom} if whom else {}
        return args

    def get_empty_list_message(self) -> str | Markup:
        if self.asked.problem:
            return gettext(self.asked.problem)
        return super().get_empty_list_message()

    # --- rows --------------------------------------------------------------------------------------------------------

    def _rows(self, ids: list[int]) -> list[Any]:
        """Fetch the targets, each with the names that it needs and, of Conditional Access, with those beside it."""
        rows = super()._rows(ids)
        beside = target_lists.beside(list({row.policy_id for row in rows if row.policy_type == CONDITIONAL_ACCESS}))
        names = assignment_names.names_of([*rows, *(target for others in beside.values() for target in others)])
        for row in rows:
            row.names, row.beside = names, beside.get(row.policy_id, [])
        return rows

    def export_value(self, row: Any, column: str) -> Any:
        values: Mapping[str, Any] = {
            "graph_id": row.policy.graph_id,
            "place": words.place_words(row),
            "target": words.target_words(row, row.names),
            "intent": words.intent_words(row),
            "filter": words.filter_words(row, row.names),
            "conditions": "; ".join([*words.beside_words(row, row.beside, row.names), *words.term_lines(row)]),
        }
        return values[column] if column in values else super().export_value(row, column)


def register(admin: Admin) -> None:
    admin.add_view(AssignmentListView(PolicyTarget, name="Assignments", endpoint="assignment_list", url="/assignments"))
