"""The tab of a tenant's policies: what no backup has as it is first, then every policy type, folded."""

from dataclasses import dataclass
from functools import cached_property

from flask import request, url_for
from flask_babel import gettext

from db.models import Policy, Tenant
from db.policies import policies, tenant_policies
from db.policies.tenant_policies import TenantFilter
from db.states import Offer, PolicyState
from db.tenants import coverage
from web.lists.folded_list import FoldedList, ListSort, ListWish, Mark, asked
from web.views.tenants.tenant_page import TenantPage

# What the address may ask for: the policies that no backup has as they are, or all.
DUE, EVERY = "due", "all"


@dataclass
class TypeCounts:
    """The numbers of one type's policies in the tenant, gone from it, and ever captured."""

    present: int = 0
    gone: int = 0
    captured: int = 0

    @property
    def uncaptured(self) -> int:
        """The policies that no backup has yet; one that was captured and is gone stands for none."""
        return max(self.present + self.gone - self.captured, 0)


@dataclass(frozen=True)
class TypesPage(TenantPage):
    """`due`: how many policies no backup has as they are. `rows`: a page of the policies listed."""

    listed: FoldedList
    due: int

    @property
    def shows_due(self) -> bool:
        return _shows_due(self.listed.wish, self.due)

    @property
    def sorts(self) -> list[ListSort]:
        due = gettext("%(due)s not backed up as they are", due=self.due)
        return [ListSort(due, DUE, self.shows_due), ListSort(gettext("all by type"), EVERY, not self.shows_due)]

    @cached_property
    def rows(self) -> list[Policy]:
        wish = self.listed.wish
        wanted = TenantFilter(self.shows_due, wish.policy_type, wish.words)
        return tenant_policies.page(self.tenant, wanted, self.listed.rows_shown, self.listed.offset)


def types_page(tenant: Tenant) -> TypesPage:
    """Look up what the tab shows: of the policies, a page of those that the address asks for."""
    wish = asked(request.args, (DUE, EVERY))
    due = sum(tenant_policies.count_by_type(tenant, TenantFilter(is_due=True)).values())
    counts = tenant_policies.count_by_type(tenant, TenantFilter(wish.show == DUE, words=wish.words))
    is_listed = _shows_due(wish, due) and not wish.search
    listed = FoldedList(
        wish=wish,
        counts=counts,
        place=lambda **values: url_for("tenants.types", tenant_id=tenant.id, **values),
        marks={} if wish.search or wish.show == DUE else _marks(tenant),
        flat_count=due if is_listed else None,
    )
    return TypesPage(tenant, "types", listed, due)


def _shows_due(wish: ListWish, due: int) -> bool:
    return wish.show == DUE or (bool(due) and not wish.show and not wish.is_narrow)


def _marks(tenant: Tenant) -> dict[str, list[Mark]]:
    """Say of which types something is not read, not captured yet, or deleted."""
    marks: dict[str, list[Mark]] = {}
    for row in coverage.uncovered(tenant):
        if row.offer == Offer.OFFERED:
            marks.setdefault(row.policy_type, []).append(Mark("bad", gettext("not read")))
    for key, counts in _counts(tenant).items():
        if counts.uncaptured:
            words = gettext("%(uncaptured)s without a snapshot", uncaptured=counts.uncaptured)
            marks.setdefault(key, []).append(Mark("warn", words))
        if counts.gone:
            marks.setdefault(key, []).append(Mark("muted", gettext("%(gone)s deleted", gone=counts.gone)))
    return marks


def _counts(tenant: Tenant) -> dict[str, TypeCounts]:
    types: dict[str, TypeCounts] = {}
    for key, state, count, captured in policies.counts_by_type(tenant):
        row = types.setdefault(key, TypeCounts())
        row.captured += captured
        if state == PolicyState.GONE:
            row.gone += count
        else:
            row.present += count
    return types
