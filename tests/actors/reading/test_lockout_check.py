"""Who is left for emergencies is asked once for all policies of a plan; what another try may mend is tried again."""

import pytest

from actors.reading.answer_memory import RunMemory
from actors.reading.lockout_check import LockoutCheck
from actors.tenants import graph_clients
from db.audit.audit import SYSTEM
from db.runs import claims, runs
from graph.errors import Unavailable
from graph.review.lockout_guard import NOBODY_LEFT

GROUP = {"kind": "groups", "id": "8" * 8 + "-0000-4000-8000-" + "8" * 12, "name": "SG"}
USERS = {"includeUsers": ["All"], "excludeGroups": [GROUP["id"]]}
ACCESS = "conditionalAccessPolicies"
POLICY = {"body": {"state": "enabled", "conditions": {"users": USERS}}}


def test_one_question_is_for_all_policies_and_for_all_messages_of_a_run(graph, cast):
    graph.put("groups", {"id": GROUP["id"], "displayName": "SG", "members": []})
    run = runs.start(tenant=cast.contoso, kind="restore.preview", dedupe_key="k", items=[], actor=SYSTEM).run
    memory = RunMemory(claims.take_claim(run.id, run.kind), "emergency")
    client = graph_clients.client(cast.contoso)

    def check(**chosen):
        return LockoutCheck(client, [GROUP], memory, **chosen)

    graph.fault(kind="status", status=503, path="transitiveMembers", times=2)
    with pytest.raises(Unavailable):
        check().find_danger(ACCESS, [POLICY])
    assert "is not known" in check(is_last_try=True).find_danger(ACCESS, [POLICY])
    before = graph.requests()["graph"]
    for guard in (check(), check()):
        found = {guard.find_danger(ACCESS, [POLICY, POLICY]) for _ in range(2)}
        assert found == {f"{NOBODY_LEFT} Nobody is in “SG”."}
    assert graph.requests()["graph"] == before + 1
