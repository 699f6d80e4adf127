"""One line answers whether everyone is backed up, and counts what is not so over all tenants."""

import pytest

from db.models import Tenant
from db.states import Standing
from db.tenants.backup_health import HealthFinding, TenantHealth
from web.verdicts.installation import installation_verdict

GOOD = ()
ALONE = (Standing.UNSCHEDULED,)
PARTLY = (Standing.UNPERMITTED, Standing.UNSCHEDULED)


def healths(*of_each):
    return [
        TenantHealth(Tenant(id=number), [HealthFinding(one) for one in standings], [], None, None)
        for number, standings in enumerate(of_each)
    ]


@pytest.mark.parametrize(
    ("found", "look", "said"),
    [
        ([], "muted", "There is no tenant to back up."),
        ([GOOD], "good", "The tenant is backed up."),
        ([GOOD, GOOD], "good", "All 2 tenants are backed up."),
        ([ALONE, PARTLY, ALONE], "warn", "1 of 3 is missing policy types · 3 of 3 have no schedule"),
        ([GOOD, (Standing.INCOMPLETE,)], "warn", "1 newest backup is incomplete"),
        ([(Standing.NEVER,), (Standing.LATE,)] + [GOOD] * 498, "bad",
         "1 of 500 was never fully backed up · 1 of 500 is late"),
    ],
)  # fmt: skip
def test_one_line_answers_whether_everyone_is_backed_up(found, look, said):
    verdict = installation_verdict(healths(*found))
    assert (verdict.look, verdict.sentence or " · ".join(count.sentence for count in verdict.counts)) == (look, said)
