"""Both deletions count: of one policy, and of everything, where references lead to what the same restore makes."""

import pytest

import actors.backups.back_up
from actors.readiness import assess
from db.audit.audit import SYSTEM
from db.readiness import reports
from db.readiness.reports import ReportFilter
from tests.support.simulated_tenant import WRITE, catalog_policy

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
GONE = "99999999-9999-4999-8999-999999999999"
TAG = {"id": "7", "displayName": "Berlin", "isBuiltIn": False}


def test_what_the_same_restore_makes_is_found_and_what_nobody_has_is_not(graph, cast, worker, ended, quick):
    graph.change(permissions=WRITE)
    graph.put("deviceManagement/roleScopeTags", TAG)
    tagged = {**catalog_policy("11111111-2222-4333-8444-555555555555", "Tagged"), "roleScopeTagIds": ["7"]}
    graph.put("deviceManagement/configurationPolicies", tagged)
    target = {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": GONE}
    lost = {**catalog_policy("11111111-2222-4333-8444-666666666666", "Lost"), "assignments": [{"target": target}]}
    graph.put("deviceManagement/configurationPolicies", lost)
    ended(actors.backups.back_up.start(cast.contoso, SYSTEM).run.id, 60)
    ended(assess.start(cast.contoso, SYSTEM).run.id, 60)
    found = {row.name: row.verdict for row in reports.lines(cast.contoso, ReportFilter(), 50)}
    assert (found["Berlin"], found["Tagged"], found["Lost"]) == ("by_itself", "by_itself", "by_hand")
