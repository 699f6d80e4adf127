"""Tenants that somebody chose for an act on many: those ticked, or all that a search and filters leave."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flask import abort, request
from werkzeug.datastructures import MultiDict

from db.models import Tenant
from db.tenants import tenants
from web.inputs import without_nul
from web.presentation.formatters import count_text
from web.security.access import allowed_tenant_ids, fetch, parse_row_id
from web.security.permissions import Permission
from web.views.fleet import tenant_list

ALL, CHOSEN = "all", "chosen"
# No page sends more.
MOST_CHOSEN = 10_000


@dataclass(frozen=True)
class ChosenTenants:
    """`args` are what an address needs to choose them again."""

    tenants: list[Tenant]
    args: Mapping[str, str]

    @property
    def words(self) -> str:
        if ALL in self.args:
            return f"{count_text(len(self.tenants), 'tenant')}: all that the list shows"
        return count_text(len(self.tenants), "tenant")


def from_address() -> ChosenTenants:
    """Read the choice from the address. A tenant that the person may not see is refused, as everywhere."""
    if request.args.get(ALL) != "yes":
        return from_ids(request.args.get(CHOSEN, ""))
    word = without_nul(request.args.get("search", ""))[:200]
    ids = tenant_list.current_list().matching_ids(word or None)
    narrowed = {select.arg: select.chosen() for select in tenant_list.FILTERS if select.chosen()}
    args = {ALL: "yes", **narrowed} | ({"search": word} if word else {})
    return ChosenTenants(tenants.by_name(ids) if ids else [], args)


def from_ids(text: str) -> ChosenTenants:
    """Read ids with commas between them."""
    numbers = [parse_row_id(part) for part in dict.fromkeys(text.split(",")) if part]
    if None in numbers or len(numbers) > MOST_CHOSEN:
        abort(404)
    ids = [number for number in numbers if number]
    allowed = allowed_tenant_ids(Permission.SEE)
    if allowed is not None:
        for tenant_id in sorted(set(ids) - set(allowed)):
            fetch(Tenant, tenant_id, Permission.SEE)
    found = tenants.by_name(ids) if ids else []
    return ChosenTenants(found, {CHOSEN: join_ids(found)})


def from_ticks(form: MultiDict[str, str]) -> str:
    """Return the ids of ticked rows, with commas between them."""
    return ",".join(form.getlist("rowid")[:MOST_CHOSEN])


def join_ids(rows: Iterable[Tenant]) -> str:
    return ",".join(str(tenant.id) for tenant in rows)
