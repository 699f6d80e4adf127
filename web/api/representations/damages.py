"""The damage to a tenant since a moment: what was deleted, changed or added, and by whom."""

from collections import Counter
from collections.abc import Sequence

from typing_extensions import TypedDict

from actors.changes.bringing_back import WAVE_TITLES, Damage, PolicyDamage
from db.states import LaterChangeKind, Severity
from web.api.representations.values import Id, ReferenceJson, Time, reference, time, time_or_none

MOST_CULPRITS = 100


class CulpritJson(TypedDict):
    """Somebody who changed the tenant since: how many policies, and when first and last."""

    name: str
    policies: int
    first: Time | None
    last: Time | None


class PolicyDamageJson(TypedDict):
    """The harm to a policy since the moment. `snapshot`: how it was then; null where nobody knows, and of what was
    added. `wave`: the step of the restore in which it comes back. `by`: as far as the tenant's logs say.
    `is_possible`: a restore brings it back, or removes it; false where nobody knows how it was, and of a group that
    is there, which no restore writes to. `is_unsure`: it may have been changed or deleted before that moment; of what
    was added, made before it.
    """

    policy: Id
    policy_type: str
    name: str
    kind: LaterChangeKind
    at: Time | None
    severity: Severity | None
    by: list[str]
    by_restore: Id | None
    snapshot: Id | None
    wave: str
    is_possible: bool
    is_unsure: bool


class DamageJson(TypedDict):
    """The deeds in a tenant since `at`. `counts`: kind to number of policies. `culprits`: who did most first."""

    tenant: ReferenceJson
    at: Time
    counts: dict[str, int]
    culprits: list[CulpritJson]
    items: list[PolicyDamageJson]
    next: str | None


def damage(found: Damage, meant: Sequence[PolicyDamage]) -> dict[str, object]:
    """Return all but the page of items. `meant`: those of the person that was asked for."""
    counts = Counter(deed.kind for deed in meant)
    return {
        "tenant": reference(found.tenant),
        "at": time(found.at),
        "counts": {str(kind): counts[kind] for kind in LaterChangeKind if counts[kind]},
        "culprits": [
            {
                "name": culprit.name,
                "policies": culprit.policies,
                "first": time_or_none(culprit.first),
                "last": time_or_none(culprit.last),
            }
            for culprit in found.culprits[:MOST_CULPRITS]
        ],
    }


def deeds(rows: Sequence[PolicyDamage]) -> list[PolicyDamageJson]:
    return [
        {
            "policy": row.policy_id,
            "policy_type": row.policy_type,
            "name": row.name,
            "kind": LaterChangeKind(row.kind),
            "at": time_or_none(row.at),
            "severity": Severity(row.severity) if row.severity else None,
            "by": list(row.by),
            "by_restore": row.by_restore,
            "snapshot": row.snapshot_id,
            "wave": WAVE_TITLES[row.wave],
            "is_possible": row.is_possible,
            "is_unsure": row.is_unsure,
        }
        for row in rows
    ]
