"""Targets and references of policies, kept beside their newest snapshots: an index that can be made anew from them.

They are replaced whole, in the transaction that saves the snapshot.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from db.models import Policy, PolicyReference, PolicyTarget
from db.sql.inserts import insert_rows
from db.sql.value_lists import is_in

# As graph/assignments/target.py has them: tests/db/policies/test_policy_targets.py compares the two.
NOBODY = "nobody"
# More of one policy nobody could look at; a Conditional Access policy takes a few thousand ids at most.
MOST_OF_A_POLICY = 5000


@dataclass(frozen=True)
class IndexedTarget:
    """The columns of PolicyTarget that the content says."""

    kind: str
    object_id: str = ""
    is_excluded: bool = False
    place: str = "assignment"
    intent: str = ""
    filter_id: str | None = None
    filter_mode: str = ""
    is_gone: bool = False
    terms: Sequence[Sequence[str]] | None = None


@dataclass(frozen=True)
class IndexedReference:
    kind: str
    object_id: str


@dataclass(frozen=True)
class TargetsOfPolicy:
    targets: Sequence[IndexedTarget] = ()
    references: Sequence[IndexedReference] = ()


def replace_targets(policies: Iterable[Policy], found: Mapping[int, TargetsOfPolicy]) -> None:
    """Replace what is kept of the policies. `found`: policy id -> what its newest snapshot says."""
    known = {policy.id: policy for policy in policies if policy.id in found}
    for model in (PolicyTarget, PolicyReference):
        model.delete().where(is_in(model.policy, list(known))).execute()
    for model, rows in (
        (PolicyTarget, _target_rows(known, found)),
        (PolicyReference, _reference_rows(known, found)),
    ):
        insert_rows(model, rows)


def _target_rows(known: Mapping[int, Policy], found: Mapping[int, TargetsOfPolicy]) -> Iterator[dict[str, Any]]:
    for policy_id, policy in known.items():
        base = {"policy": policy_id, "tenant": policy.tenant_id, "policy_type": policy.policy_type}
        for target in found[policy_id].targets[:MOST_OF_A_POLICY]:
            yield {**base, **asdict(target)}


def _reference_rows(known: Mapping[int, Policy], found: Mapping[int, TargetsOfPolicy]) -> Iterator[dict[str, Any]]:
    for policy_id, policy in known.items():
        references = dict.fromkeys((row.kind, row.object_id) for row in found[policy_id].references)
        for kind, object_id in list(references)[:MOST_OF_A_POLICY]:
            yield {"policy": policy_id, "tenant": policy.tenant_id, "kind": kind, "object_id": object_id}
