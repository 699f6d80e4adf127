"""The catalogue of Microsoft's words for a tenant of 900 policies: its size, and what filling it takes.

The tenant is the demo's largest, with the settings of real policies' sizes. The filling has a request budget of its
own, so that its time is the budget's and not ours.
"""

import json
import time

import config
from actors import scheduler
from actors.backups import back_up
from bench import stage
from db.audit.audit import SYSTEM
from db.database import database
from db.definitions import sources
from db.models import IS_ACTIVE, DefinitionCategory, DefinitionText, Policy, Run, Tenant
from db.tenants import tenants
from graph.simulator.demo import demo_tenants

COLUMNS = (
    "engine", "policies", "definitions", "categories", "kilobytes", "requests", "HTTP calls", "per policy", "time",
    "requests after a second backup",
)  # fmt: skip


def main() -> None:
    config.use({"TENANTKEEP_DEFINITION_LANGUAGES": "en"})
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}", flush=True)
    with stage.engines(with_demo=True) as urls:
        for engine, url in urls.items():
            stage.bind(url)
            with database.connection_context():
                tenant = _largest()
                with stage.worker_here(poll_ms=50):
                    print(f"| {engine} | {' | '.join(_measured(tenant))} |", flush=True)


def _largest() -> Tenant:
    """Return the demo's tenant of 900 policies, connected."""
    facts = max(demo_tenants(), key=lambda tenant: sum(map(len, tenant.collections.values())))
    tenant = tenants.add(facts.name, facts.directory_id, facts.client_id, SYSTEM)
    tenants.set_credential(tenant, "secret", {"secret": facts.client_secret}, SYSTEM)
    return tenant


def _measured(tenant: Tenant) -> list[str]:
    _back_up(tenant)
    before, began = stage.requests_of(tenant), time.monotonic()
    _fill(tenant)
    seconds, after = time.monotonic() - began, stage.requests_of(tenant)
    asked, calls = (after[name] - before[name] for name in ("graph", "http"))
    policies = Policy.select().where(Policy.tenant == tenant).count()
    _back_up(tenant)
    again = stage.requests_of(tenant)["graph"]
    _fill(tenant)
    return [
        str(policies),
        str(DefinitionText.select().count()),
        str(DefinitionCategory.select().count()),
        f"{_size() / 1024:.0f}",
        str(asked),
        str(calls),
        f"{asked / policies:.2f}",
        f"{seconds:.0f} s",
        str(stage.requests_of(tenant)["graph"] - again),
    ]


def _back_up(tenant: Tenant) -> None:
    run = back_up.start(tenant, SYSTEM).run
    while Run.select().where((Run.id == run.id) & IS_ACTIVE).exists():
        time.sleep(0.1)


def _fill(tenant: Tenant) -> None:
    while sources.find(tenant).due_since or Run.select().where(IS_ACTIVE).exists():
        scheduler.sweep()
        time.sleep(0.1)


def _size() -> int:
    """Return how many bytes the texts of the catalogue take."""
    rows = DefinitionText.select(DefinitionText.definition_id, DefinitionText.title, DefinitionText.description,
                                 DefinitionText.options, DefinitionText.category_id)  # fmt: skip
    return sum(len(json.dumps(row, ensure_ascii=False).encode()) for row in rows.tuples())


if __name__ == "__main__":
    main()
