"""The tenant that a restore goes to: the one that the policies are from, or another one that is looked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from db.models import Tenant
from db.policies import search
from db.tenants import tenants
from web.inputs import without_nul
from web.security.access import allowed_tenant_ids, can, parse_row_id
from web.security.permissions import Permission

SHOWN = 20
# So few others are shown without asking for them.
FEW = 5
LONGEST_SEARCH = 100


@dataclass(frozen=True)
class TargetChoice:
    """`first`: the tenant that the policies are from, and another one that is chosen; `found`: others to choose."""

    source: Tenant
    first: list[Tenant]
    found: list[Tenant]
    has_more: bool
    search: str
    typed_id: str
    may_choose_another: bool

    @property
    def chosen_id(self) -> str:
        """The id of the tenant that is ticked."""
        offered = [str(tenant.id) for tenant in (*self.first, *self.found)]
        return self.typed_id if self.typed_id in offered else offered[0]

    @property
    def is_short(self) -> bool:
        """So few tenants that all of them are shown at once."""
        return not self.search and not self.has_more and len(self.found) <= FEW

    @property
    def is_empty(self) -> bool:
        return not (self.first or self.found or self.search)


def target_choice(source: Tenant, form: Mapping[str, str]) -> TargetChoice:
    """Look up the tenants to restore to: others than its own only for those who manage both."""
    own = [source] if source.is_active and can(Permission.OPERATE, source.id) else []
    may_choose_another = can(Permission.MANAGE, source.id)
    word = without_nul(form.get("tenant_search", "")).strip()[:LONGEST_SEARCH]
    typed_id = form.get("tenant", "")
    first, found = own, list[Tenant]()
    if may_choose_another:
        ids = allowed_tenant_ids(Permission.MANAGE)
        first = [*own, *_chosen(typed_id, source, ids)]
        condition = Tenant.is_active & (search.tenant_name_matches(word) if word else True)
        # One more than is shown, beside those that are shown already.
        rows = tenants.by_name(ids, condition, SHOWN + 1 + len(first))
        found = [tenant for tenant in rows if tenant.id != source.id and tenant not in first]
    return TargetChoice(source, first, found[:SHOWN], len(found) > SHOWN, word, typed_id, may_choose_another)


def _chosen(typed_id: str, source: Tenant, ids: Sequence[int] | None) -> list[Tenant]:
    number = parse_row_id(typed_id)
    if not number or number == source.id:
        return []
    return tenants.by_name(ids, Tenant.is_active & (Tenant.id == number), 1)
