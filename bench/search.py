"""Times of the one search with 300 tenants of 900 policies: as an admin, who sees them all, and as an operator."""

import statistics
import time

from bench import rows, stage
from db.database import database
from db.models import Tenant
from db.names import finder

TENANTS, POLICIES = 300, 900
AIM_MS = 50
LOOKS = 30
_ASKED = ("bitlocker", "quokka", "wallaby ring", "zebra", "ring", "INC-4711", "41", "tenant 250", "b", "bi")


def main() -> None:
    print(f"{TENANTS * POLICIES:,} policies and as many runs, restores and backup sets; the aim is {AIM_MS} ms")
    with stage.engines() as urls:
        for engine, url in urls.items():
            stage.bind(stage.beside(url, "search"))
            rows.fill(TENANTS * POLICIES)
            with database.connection_context():
                some = [tenant.id for tenant in Tenant.select().order_by(Tenant.id).limit(1)]
                for asked in _ASKED:
                    everywhere, in_one = _median_ms(asked, None), _median_ms(asked, some)
                    print(f"{engine}: {asked:14} admin {everywhere:6.1f} ms, operator {in_one:6.1f} ms", flush=True)


def _median_ms(asked: str, tenant_ids: list[int] | None) -> float:
    times = []
    for _ in range(LOOKS):
        begin = time.perf_counter()
        finder.find(asked, tenant_ids)
        times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times)


if __name__ == "__main__":
    main()
