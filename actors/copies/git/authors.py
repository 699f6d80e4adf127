"""Authors of a commit: the people who made what it holds, as far as the tenants' logs named them until it is made."""

import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from actors.copies.git.safe_names import one_line
from db.copies import commit_facts
from db.events import attribution
from db.events.attribution import Doer
from db.models import Change, Tenant
from db.states import DoerKind

# More changes than that in one set were made by a program, and the first few thousand tell which.
MOST_CHANGES = 5000
MOST_AUTHORS = 20
# RFC 2606: no mail is ever delivered to .invalid.
NO_ADDRESS = "unknown@tenantkeep.invalid"
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_{|}~.-]{1,64}@[A-Za-z0-9.-]{1,190}")


@dataclass(frozen=True)
class CommitAuthor:
    name: str
    address: str

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>"


TENANTKEEP = CommitAuthor("Tenantkeep", "noreply@tenantkeep.invalid")


def authors_of(tenant: Tenant, graph_ids: Collection[str], since: datetime, until: datetime) -> list[CommitAuthor]:
    """Return who changed these policies in that time, who made most changes first. [] where nobody is known."""
    seen = commit_facts.changes_seen(tenant, since, until, MOST_CHANGES)
    changes = [change for change in seen if change.policy.graph_id in graph_ids]
    events = attribution.events_of_changes(changes)
    counted: Counter[CommitAuthor] = Counter()
    doers = {change.id: attribution.doers_of(events[change.id]) for change in changes}
    people = commit_facts.people_of_restores(_restores(changes, doers.values()))
    named = {restore_id: _clean(name, address) for restore_id, (name, address) in people.items()}
    restorers = {restore_id: author for restore_id, author in named.items() if author}
    for change in changes:
        counted.update(set(_authors(change, doers[change.id], restorers)))
    # Equal ones stay in the order of their first change.
    return [author for author, _ in counted.most_common(MOST_AUTHORS)]


def _authors(change: Change, doers: Iterable[Doer], restorers: dict[int, CommitAuthor]) -> Iterable[CommitAuthor]:
    if change.restore_id in restorers:
        yield restorers[change.restore_id]
    for doer in doers:
        if doer.restore_id is not None:
            if doer.restore_id in restorers:
                yield restorers[doer.restore_id]
        elif (author := _author(doer)) is not None:
            yield author


def _author(doer: Doer) -> CommitAuthor | None:
    if doer.kind == DoerKind.NOT_STATED or doer.name is None:
        return None
    what = {DoerKind.APP: " (app)", DoerKind.SERVICE: " (Microsoft)"}.get(doer.kind, "")
    return _clean(doer.name, doer.name, what)


def _clean(name: str, address: str, what: str = "") -> CommitAuthor | None:
    """Return an author whose line nobody's name can break: no “<”, no “>”, no end of a line, nothing unseen."""
    shown = one_line("".join(char for char in name if char not in '<>\\"'), 100).strip(".,:;' ")
    if not shown:
        return None
    return CommitAuthor(f"{shown}{what}", address if _ADDRESS.fullmatch(address) else NO_ADDRESS)


def _restores(changes: Iterable[Change], doers: Iterable[Iterable[Doer]]) -> set[int]:
    found = {change.restore_id for change in changes} | {doer.restore_id for some in doers for doer in some}
    return {restore_id for restore_id in found if restore_id is not None}
