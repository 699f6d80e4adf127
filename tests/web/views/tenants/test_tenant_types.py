"""The tab of a tenant's policies: what no backup has first, the types folded, everything found by name."""

import re

import pytest

from db.clock import utcnow
from db.models import Coverage, Policy

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
TYPES = ("configurationPolicies", "deviceConfigurations", "deviceCompliancePolicies")
OPEN = "deviceConfigurations"


def fill(tenant, count):
    Policy.delete().execute()
    Policy.insert_many(
        {"tenant": tenant.id, "policy_type": TYPES[n % 3], "graph_id": f"g{n}", "name": f"Ring {n:04}",
         "state": "gone" if n == 4 else "present", "last_captured_at": None if n == 7 else utcnow()}
        for n in range(count)
    ).execute()  # fmt: skip


def names(page):
    return re.findall(r">(Ring \d+)<", page)


def test_what_no_backup_has_comes_first_and_types_are_opened_paged_and_searched(client, sign_in, cast):
    fill(cast.contoso, 90)
    Coverage.create(tenant=cast.contoso, policy_type="deviceManagementScripts", bad_since=utcnow(), why="Graph failed.")
    place = f"/tenants/{cast.contoso.id}/types"
    sign_in(client, cast.rita)

    def text(query=""):
        return client.get(place + query).get_data(as_text=True)

    page = text()
    assert names(page) == ["Ring 0007"], "of the others only the counts"
    folds = re.findall(r'class="fold-name".*?</i> ([^<]+)</a>\s*<span class="fold-count">(\d+)', page, re.DOTALL)
    assert [count for _, count in folds] == ["0", "30", "30", "30"], "what cannot be read stands first"
    assert ("not read" in page, "1 without a snapshot" in page, "1 deleted" in page) == (True, True, True)
    opened = text(f"?type={OPEN}&page=1")
    assert ("21 to 30 of 30" in opened, len(names(opened))) == (True, 10)
    assert re.search(r'aria-expanded="true"[^>]*href="[^"]*page=0|href="/tenants/\d+/types[^"]*"', opened)
    assert names(text("?search=ring+0088")) == ["Ring 0088"]
    assert "No results." in text("?search=nothing+like+it")
