"""`/comparisons`: two backup sets, or two tenants as their newest whole backups have them, policy by policy."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import Blueprint, Response, abort, flash, render_template, request, url_for

from actors.changes import whole_comparison
from actors.changes.whole_comparison import ComparedPair, Comparer, PolicyPair, WholeComparison
from actors.facade import change_words, policy_type_names
from actors.facade.csv_rows import csv_row
from actors.facade.wording import Wording
from db.backups import backup_sets
from db.errors import Invalid
from db.models import BackupSet, Tenant
from db.sql import value_lists
from db.states import ChangeKind
from web.change_words.words import difference_words
from web.inputs import page_number
from web.lists import filters, preferences
from web.lists.list_view import stream_download
from web.lists.numbered_page import NumberedPage
from web.security.access import allowed_tenant_ids, fetch, requires
from web.security.permissions import Permission
from web.translation.languages import current_language
from web.translation.sentences import translated

pages = Blueprint("comparisons", __name__, url_prefix="/comparisons")

SHOWN, LAST_PAGE, LABELS_SHOWN, LATEST_SETS = 25, 999, 3, 20
TENANT, SET = "tenant", "set"
COLUMNS = ("policy_type", "name", "how", "severity", "differences", "snapshot_before", "snapshot_after")


@dataclass(frozen=True)
class ComparisonRow:
    """A pair as the page says it."""

    compared: ComparedPair
    wording: Wording

    @property
    def pair(self) -> PolicyPair:
        return self.compared.pair

    @property
    def title(self) -> str:
        return policy_type_names.title(self.pair.policy_type)

    @property
    def how(self) -> str:
        if self.compared.is_unopened:
            return "cannot be opened"
        if self.pair.kind == ChangeKind.ADDED:
            return "only in the second"
        if self.pair.kind == ChangeKind.REMOVED:
            return "only in the first"
        return "differs" if self.compared.severity else "the same"

    @property
    def labels(self) -> list[str]:
        return [difference_words(difference) for difference in self.differences]

    @property
    def differences(self) -> list[Mapping[str, str]]:
        """The places that differ, with their labels in Microsoft's words."""
        kind = _kind_of(self.pair)
        return [
            {**place, "label": change_words.label_of(place, kind, self.wording)} for place in self.compared.differences
        ]

    @property
    def first_labels(self) -> list[str]:
        return self.labels[:LABELS_SHOWN]

    @property
    def more(self) -> int:
        return max(len(self.labels) - LABELS_SHOWN, 0)

    @property
    def address(self) -> str:
        """The comparison of both, or the one that there is."""
        before, after = self.pair.before, self.pair.after
        if before and after:
            return url_for("snapshots.compare", snapshot_id=before.id, other_id=after.id)
        return url_for("snapshots.page", snapshot_id=(before or after).id)  # type: ignore[union-attr]

    @property
    def document(self) -> dict[str, Any]:
        return {
            "policy_type": self.pair.policy_type,
            "name": self.pair.name,
            "how": self.how,
            "severity": self.compared.severity,
            "differences": self.differences,
            "snapshot_before": self.pair.before and self.pair.before.id,
            "snapshot_after": self.pair.after and self.pair.after.id,
        }


@dataclass(frozen=True)
class ComparisonChoice:
    """The choice of what to compare: tenants, and the newest backup sets."""

    tenants: list[Tenant]
    sets: list[BackupSet]
    first: str
    second: str


@dataclass(frozen=True)
class WholeComparisonPage(NumberedPage):
    comparison: WholeComparison
    first: str
    second: str
    number: int

    @cached_property
    def rows(self) -> list[ComparisonRow]:
        """Open and compare the pairs of this page alone."""
        return _compared(Comparer(self.comparison), self.comparison.pairs[self.number * SHOWN :][:SHOWN])

    @property
    def has_more(self) -> bool:  # type: ignore[override]
        return len(self.comparison.pairs) > (self.number + 1) * SHOWN

    @property
    def counts(self) -> list[tuple[str, int]]:
        """The number of pairs of each sort. Of two tenants, what is on both sides may be the same."""
        kinds = [pair.kind for pair in self.comparison.pairs]
        is_one = kinds.count(ChangeKind.CHANGED) == 1
        if self.comparison.is_of_one_tenant:
            both = "differs" if is_one else "differ"
        else:
            both = "is in both" if is_one else "are in both"
        words = {
            ChangeKind.CHANGED: both,
            ChangeKind.REMOVED: "only in the first",
            ChangeKind.ADDED: "only in the second",
        }
        return [(word, kinds.count(kind)) for kind, word in words.items() if kind in kinds]

    @property
    def unread(self) -> list[str]:
        return [translated(policy_type_names.title(key)) for key in self.comparison.unread]

    def address_of(self, number: int) -> str:
        return self.address("comparisons.page", page=number or None)

    def address(self, endpoint: str, **values: Any) -> str:
        return url_for(endpoint, **{"first": self.first, "second": self.second, **values})

    @property
    def turned_address(self) -> str:
        return url_for("comparisons.page", first=self.second, second=self.first)


@pages.get("/")
@requires(Permission.SEE)
def page() -> Any:
    first, second = request.args.get("first", ""), request.args.get("second", "")
    try:
        sides = _side(first), _side(second)
        if not (sides[0] and sides[1]):
            return render_template("changes/comparison_start.html", page=_choice(first, second))
        found = whole_comparison.pair_up(sides[0], sides[1])
    except Invalid as e:
        flash(str(e), "warning")
        return render_template("changes/comparison_start.html", page=_choice(first, second)), 400
    shown = WholeComparisonPage(found, first, second, page_number(LAST_PAGE))
    return render_template("changes/comparison.html", page=shown)


def _side(text: str) -> BackupSet | None:
    """Return the backup set that an address names: “set-12”, or “tenant-3” for its newest whole one; None for "".

    Aborts with 403 for another's, with 404 for none. Raises Invalid for a tenant without a whole backup.
    """
    kind, _, number = text.partition("-")
    if not text:
        return None
    if kind == SET:
        backup_set: BackupSet = fetch(BackupSet, number, Permission.SEE)
        return backup_set
    if kind != TENANT:
        abort(404)
    tenant = fetch(Tenant, number, Permission.SEE)
    whole = backup_sets.newest_whole(tenant)
    if whole is None:
        raise Invalid(f"{tenant.name} was never backed up whole: back it up first.")
    return whole


def _choice(first: str, second: str) -> ComparisonChoice:
    tenants = filters.tenants_to_choose(Permission.SEE, preferences.chosen_tenant())
    sets = backup_sets.newest_completed(allowed_tenant_ids(Permission.SEE), LATEST_SETS)
    return ComparisonChoice(tenants, sets, first, second)


@pages.get("/export/<export_type>")
@requires(Permission.SEE)
def export(export_type: str) -> Response:
    """All of it, as CSV or JSON, compared while it is sent."""
    sides = _side(request.args.get("first", "")), _side(request.args.get("second", ""))
    if export_type not in ("csv", "json") or not (sides[0] and sides[1]):
        abort(404)
    try:
        found = whole_comparison.pair_up(sides[0], sides[1])
    except Invalid:
        abort(400)
    lines, kind = (_csv(found), "text/csv") if export_type == "csv" else (_json(found), "application/json")
    return stream_download(f"comparison.{export_type}", lines, kind)


def _rows(found: WholeComparison) -> Iterator[ComparisonRow]:
    comparer = Comparer(found)
    for some in value_lists.batched(found.pairs):
        yield from _compared(comparer, some)


def _compared(comparer: Comparer, pairs: Iterable[PolicyPair]) -> list[ComparisonRow]:
    """Compare the pairs, and look up the words for all that differs at once."""
    compared = [comparer.compare(pair) for pair in pairs]
    places = ((_kind_of(each.pair), each.differences) for each in compared)
    wording = change_words.words_for_places(places, current_language())
    return [ComparisonRow(each, wording) for each in compared]


def _kind_of(pair: PolicyPair) -> str:
    """Return the OData type of the policy."""
    snapshot = pair.after or pair.before
    return str(snapshot.policy.odata_type or "") if snapshot else ""


def _csv(found: WholeComparison) -> Iterator[str]:
    yield csv_row(COLUMNS)
    for row in _rows(found):
        document = {**row.document, "differences": "; ".join(row.labels)}
        yield csv_row(document[column] for column in COLUMNS)


def _json(found: WholeComparison) -> Iterator[str]:
    yield "["
    for number, row in enumerate(_rows(found)):
        yield ("" if number == 0 else ",\n") + json.dumps(row.document, ensure_ascii=False, default=str)
    yield "]\n"
