"""Costs of a matrix of 1,000 tenants and 300 items: `python -m bench.standards [TENANTS] [ITEMS]`.

Pages and files over HTTP to an admin, who sees every tenant, median and 95th percentile of 20 looks, the first ones
cold; and what it costs a worker to work out the cells of one tenant, for the first time and again. Every twentieth
cell differs, is missing, too old or cannot be read.
"""

import sys
import time
from collections import Counter

from actors.standards import comparing
from bench import stage
from db.accounts import users
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.database import database
from db.models import Coverage, Policy, Standard, StandardAdoption, StandardCell, Tenant, TenantTag, User
from db.sql.value_lists import batched
from db.standards import cells
from db.states import CellState, Offer, Ring, SiteRole
from tests.support.captures import capture_by_hand
from tests.support.simulated_tenant import catalog_policy
from tests.support.standard_rows import CATALOG, item_of, new_standard, version_of

TENANTS, ITEMS, SETTINGS, LOOKS = 1000, 300, 20, 20
_STATES = (
    [CellState.ALIGNED] * 95 + [CellState.DIFFERS] * 2 + [CellState.MISSING, CellState.STALE, CellState.NOT_READABLE]
)
_PAGES = {
    "first page, by ring": "/standards/{id}/matrix",
    "by tag": "/standards/{id}/matrix?group=tag",
    "last tenants, last items": "/standards/{id}/matrix?page=49&items=37",
    "state: differs, 2 %": "/standards/{id}/matrix?state=differs",
    "one tag of 20, one item": "/standards/{id}/matrix?tag=tag-7&item=policy+7",
}
_FILES = {"all cells as CSV": "/standards/{id}/matrix/export/csv", "as JSON": "/standards/{id}/matrix/export/json"}


def main() -> None:
    tenants, items = (int(text) for text in (sys.argv[1:3] or (TENANTS, ITEMS)))
    print(f"| engine | what | median | p95 |\n|{'---|' * 4}", flush=True)
    with stage.engines() as urls:
        for engine, url in urls.items():
            stage.bind(url)
            with database.connection_context():
                standard, adoption = _fill(tenants, items)
            for what, (median, most) in _compared(adoption).items():
                print(f"| {engine} | {what} | {median:.0f} ms | {most:.0f} ms |", flush=True)
            with stage.web() as session:
                for what, address in {**_PAGES, **_FILES}.items():
                    looks = LOOKS if what in _PAGES else 3
                    place = stage.WEB + address.format(id=standard.id)

                    def look(_number: int, place: str = place) -> None:
                        session.get(place, timeout=300).raise_for_status()

                    median, most = stage.timed(look, range(looks))
                    print(f"| {engine} | {what} | {median:.0f} ms | {most:.0f} ms |", flush=True)


def _fill(tenants: int, items: int) -> tuple[Standard, StandardAdoption]:
    """Make a standard, and who follows it; the first tenant has every policy, captured."""
    admin = users.add(stage.EMAIL, "Olga", stage.PASSWORD, SYSTEM)
    User.update(site_role=SiteRole.ADMIN).where(User.id == admin.id).execute()
    standard = new_standard("Bench")
    bodies = [(f"{number:08}-1111-4111-8111-111111111111", f"Policy {number}") for number in range(items)]
    version_of(standard, *(item_of(key, catalog_policy(key, name, SETTINGS)) for key, name in bodies))
    rows = [
        {"name": f"Tenant {number:04}", "directory_id": f"d{number}", "client_id": "c"} for number in range(tenants)
    ]
    for some in batched(rows):
        Tenant.insert_many(some).execute()
    made = list(Tenant.select().order_by(Tenant.id))
    tagged = [{"tenant": row.id, "name": f"Tag-{row.id % 20}", "folded": f"tag-{row.id % 20}"} for row in made]
    for some in batched(tagged):
        TenantTag.insert_many(some).execute()
    _follow(standard, made, [key for key, _ in bodies])
    first = StandardAdoption.get(StandardAdoption.tenant == made[0])
    Coverage.create(tenant=made[0], policy_type=CATALOG, offer=Offer.OFFERED, listed_at=utcnow())
    with database.atomic():
        for key, name in bodies:
            policy = Policy.create(tenant=made[0], policy_type=CATALOG, graph_id=key, name=name)
            capture_by_hand(policy, SYSTEM, catalog_policy(key, name, SETTINGS))
    return standard, cells.find_adoption(first.id)


def _follow(standard: Standard, tenants: list[Tenant], keys: list[str]) -> None:
    rings = list(Ring)
    for number, tenant in enumerate(tenants):
        states = [_STATES[(number * 7 + place) % 100] for place in range(len(keys))]
        counts = dict(Counter(str(state) for state in states))
        ring = rings[min(number * 10 // max(len(tenants), 1), 2)]
        facts = {"tenant": tenant, "ring": ring, "values": {}, "counts": counts, "checked_at": utcnow()}
        adoption = StandardAdoption.create(standard=standard, **facts)
        for some in batched(zip(keys, states, strict=True)):
            StandardCell.insert_many([_cell(adoption, key, state) for key, state in some]).execute()


def _cell(adoption: StandardAdoption, key: str, state: CellState) -> dict[str, object]:
    name = f"Policy {int(key[:8])}"
    facts = {"adoption": adoption.id, "item_key": key, "policy_type": CATALOG, "name": name, "state": state, "why": ""}
    return {**facts, "places": None, "keep": "tell", "difference_count": 0}


def _compared(adoption: StandardAdoption) -> dict[str, tuple[float, float]]:
    """Return what the cells of the first tenant cost a worker."""

    def compare(_number: int) -> None:
        with database.connection_context():
            comparing.compare(adoption.id)

    began = time.perf_counter()
    compare(0)
    first = (time.perf_counter() - began) * 1000
    return {
        "cells of one tenant, first": (first, first),
        "cells of one tenant, nothing new": stage.timed(compare, range(5)),
    }


if __name__ == "__main__":
    main()
