"""Lists of policy types for a run that may have to wait between two of them: what it has seen it does not ask again."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from actors.memory import RunMemory
from db import coverage, listings, policies
from db.database import database
from db.models import Tenant
from db.runs import Claim
from db.states import Offer
from graph.client import GraphClient
from graph.driving import drive
from graph.errors import GraphError
from graph.policy_types import POLICY_TYPES
from graph.reading import Listed, PolicyList, list_policies

Lists = dict[str, PolicyList | GraphError]

# A list that was left in its midst for longer than any wait that is honoured (graph.errors.retry_after) begins anew.
AT_REST = timedelta(minutes=65)


def lists(claim: Claim, graph: GraphClient, later_than: Mapping[str, datetime]) -> Lists:
    """Per policy type what is there, as seen later than the time given for it; or why it cannot be listed."""
    run = claim.run
    found: Lists = {key: _unpacked(rows) for key, rows in listings.since(run, later_than).items()}
    memory = RunMemory(claim, "list", AT_REST)
    wanted = sorted(later_than.keys() - found.keys())
    asked = drive(graph, {key: list_policies(POLICY_TYPES[key]) for key in wanted}, memory=memory)
    for key, answer in asked.items():
        if isinstance(answer, PolicyList):
            with database.atomic():
                listings.keep(run, key, _packed(answer))
                record(run.tenant, key, answer)
                memory.forget([key])
            claim.has_got_on = True
    return {**found, **asked}


def record(tenant: Tenant, policy_type: str, listed: PolicyList) -> int:
    """Take a complete list over. Returns how many policies are newly gone."""
    coverage.heard(tenant, policy_type, Offer.OFFERED)
    # One without an id may be any of those that are missing.
    return policies.record_listing(
        tenant, policy_type, [one.facts() for one in listed.policies], is_whole=not listed.without_id
    )


_KEPT = ("graph_id", "name", "odata_type", "platform", "is_built_in", "key")


def _packed(listed: PolicyList) -> list[dict[str, Any]]:
    return [{name: asdict(one)[name] for name in _KEPT} for one in (*listed.policies, *listed.without_id)]


def _unpacked(rows: list[dict[str, Any]]) -> PolicyList:
    found = [Listed(**{**row, "key": tuple(row["key"])}, modified_at=None) for row in rows]
    return PolicyList([one for one in found if one.graph_id], [one for one in found if not one.graph_id])
