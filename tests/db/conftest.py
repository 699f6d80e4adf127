"""Runs of Contoso, started as pages do."""

import pytest

from db.audit.audit import Actor
from db.models import Policy
from db.runs import run_items, runs
from db.states import RunKind


@pytest.fixture
def start(cast):
    """start(by, items=1): a run of Contoso, started like pages do."""

    def make(by=None, items=1):
        policy = Policy.get(Policy.tenant == cast.contoso)
        new = [
            run_items.NewRunItem("configurationPolicies", f"item {n}", policy.id, policy.graph_id) for n in range(items)
        ]
        return runs.start(
            tenant=cast.contoso,
            kind=RunKind.CAPTURE_SNAPSHOT,
            dedupe_key="policy.capture_snapshot:1:1",
            items=new,
            actor=Actor.person(by or cast.ada, "127.0.0.1"),
            policy=policy,
        )

    return make
