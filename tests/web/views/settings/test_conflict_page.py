"""Settings in conflict: both policies are named, with their values in words, and whom both reach."""

import csv
import io

import pytest

from db.models import DirectoryName, Policy
from db.policies import policy_settings, policy_targets
from db.policies.policy_settings import IndexedSetting
from db.policies.policy_targets import IndexedTarget, TargetsOfPolicy

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def conflicting(cast):
    """Contoso's two policies: many settings in conflict for Sales, of which one depends on a filter."""
    DirectoryName.create(tenant=cast.contoso, kind="groups", object_id="sales", name="Sales <b>")
    rows = list(Policy.select().where(Policy.tenant == cast.contoso).order_by(Policy.id).limit(2))
    settings = {
        row.id: [IndexedSetting(f"s{n:02}", f"Setting {n}", f"{row.id:016}", f"~{number}", True) for n in range(13)]
        for number, row in enumerate(rows)
    }
    policy_settings.replace({row.id: row.tenant_id for row in rows}, settings)
    targets = TargetsOfPolicy([IndexedTarget("group", "sales")])
    narrowed = TargetsOfPolicy([IndexedTarget("group", "sales", filter_id="f")])
    policy_targets.replace_targets(rows, {rows[0].id: targets, rows[1].id: narrowed})
    return rows


def test_conflicts_name_both_policies_their_values_and_the_group(client, sign_in, cast, conflicting):
    sign_in(client, cast.rita)
    address = f"/tenants/{cast.contoso.id}/conflicts"
    page = client.get(address).get_data(as_text=True)
    assert "Sales &lt;b&gt;" in page
    assert all(f'href="/policies/{policy.id}"' in page for policy in conflicting)
    assert page.count("option 0") == page.count("option 1") == page.count("May conflict") == 10
    assert "Setting 12" in client.get(f"{address}?page=1").get_data(as_text=True)
    rows = list(csv.reader(io.StringIO(client.get(f"{address}/export.csv").get_data(as_text=True).lstrip("\ufeff"))))
    assert len(rows) == 1 + 13 * 2
    assert rows[1][:5] == ["Setting 0", "s00", "Sales <b>", "may be", "option 0"]
    assert client.get("/settings/conflicts?name=cont").headers["Location"] == address
    assert "No matching tenant" in client.get("/settings/conflicts?name=fabrikam").get_data(as_text=True)
    assert client.get(f"/tenants/{cast.fabrikam.id}/conflicts").status_code == 403
