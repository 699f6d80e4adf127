"""Changes. What a change says of itself is what `tenantkeep changes --json` says."""

from collections.abc import Sequence

from typing_extensions import TypedDict

from actors.facade import change_words, severity_words
from db.events import attribution
from db.models import Change
from db.states import ChangeKind, ChangeState, DoerKind, Severity
from web.api import addresses
from web.api.representations.values import (
    Id,
    ReferenceJson,
    Time,
    reference,
    reference_or_none,
    time_or_none,
)
from web.change_words.documents import document


class DoerJson(TypedDict):
    """Somebody who did it, or tried, as the tenant's own log says."""

    kind: DoerKind
    name: str | None
    at: Time
    activity: str


class ChangeJson(TypedDict):
    """A policy that became another between two looks at it. `severity` is null until the change is assessed.

    `until`: an accepted one is open again then; null: it is accepted for good, or not accepted. `standard`: the policy
    differs from that standard, and nobody saw it become so.
    """

    id: Id
    tenant: ReferenceJson
    policy: Id
    policy_type: str
    graph_id: str
    name: str
    kind: ChangeKind
    severity: Severity | None
    since_at: Time | None
    seen_at: Time
    by: list[DoerJson]
    restore: Id | None
    standard: Id | None
    snapshot_before: Id | None
    snapshot_after: Id | None
    state: ChangeState
    decided_by: ReferenceJson | None
    decided_at: Time | None
    reason: str | None
    until: Time | None
    difference_count: int
    url: str


class ChangedPlaceJson(TypedDict):
    """A place in which it differs, without any value. `path` is what `ignore` takes.

    `label` is as it was kept when the change was seen; `words` are Microsoft's, where these are known.
    """

    path: str
    label: str
    words: str
    how: str


class ChangeDetailsJson(ChangeJson):
    """A change with the places in which it differs, and the rules that say how grave it is, in words."""

    differences: list[ChangedPlaceJson]
    rules: list[str]


def changes(listed: Sequence[Change]) -> list[ChangeJson]:
    """Represent the changes of a page; each has its policy, its tenant, and who decided about it."""
    events = attribution.events_of_changes(listed)
    return [
        {
            **document(change, events.get(change.id, [])),  # type: ignore[typeddict-item]
            "tenant": reference(change.tenant),
            "policy": change.policy_id,
            "since_at": time_or_none(change.since_at),
            "restore": change.restore_id,
            "standard": change.standard_id,
            "decided_by": reference_or_none(change.decided_by),
            "decided_at": time_or_none(change.decided_at),
            "reason": change.reason,
            "until": time_or_none(change.until),
            "difference_count": change.difference_count,
            "url": addresses.whole("changes.get_change", change_id=change.id),
        }
        for change in listed
    ]


def details(change: Change) -> ChangeDetailsJson:
    [row] = changes([change])
    wording, kind = change_words.words_for_changes([change]), change_words.kind_of(change)
    places = [
        {name: place[name] for name in ("path", "label", "how")}
        | {"words": change_words.label_of(place, kind, wording)}
        for place in change.differences or ()
    ]
    return {**row, "differences": places, "rules": severity_words.sentences(change.rules or ())}  # type: ignore[typeddict-item]
