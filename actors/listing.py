"""Lists of policy types for a run that may have to wait between two of them: what it has seen it does not ask again."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from db import listings, policies
from db.models import Run
from graph.client import GraphClient
from graph.driving import drive
from graph.errors import GraphError
from graph.policy_types import POLICY_TYPES
from graph.reading import Listed, list_policies

Lists = dict[str, list[Listed] | GraphError]


def lists(run: Run, graph: GraphClient, later_than: Mapping[str, datetime]) -> Lists:
    """Per policy type what is there, as seen later than the time given for it; or why it cannot be listed."""
    found: Lists = {key: [_listed(row) for row in rows] for key, rows in listings.since(run, later_than).items()}
    asked = drive(graph, {key: list_policies(POLICY_TYPES[key]) for key in sorted(later_than.keys() - found.keys())})
    for key, answer in asked.items():
        if isinstance(answer, list):
            listings.keep(run, key, [_row(one) for one in answer])
            policies.record_listing(run.tenant, key, [one.facts() for one in answer])
    return {**found, **asked}


_KEPT = ("graph_id", "name", "odata_type", "platform", "is_built_in", "key")


def _row(one: Listed) -> dict[str, Any]:
    facts = asdict(one)
    return {name: facts[name] for name in _KEPT}


def _listed(row: Mapping[str, Any]) -> Listed:
    return Listed(**{**row, "key": tuple(row["key"])}, modified_at=None)
