"""Brings an installation back from nothing: the newest state that is proved, contents, and sets that came after it.

Every step is done once, however often it is begun: a recovery that was broken off is started again and goes on. Once
the installation has deleted sets, no set comes back any more: nobody could tell those from sets that are missing.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from actors.recovering import state_choice
from actors.recovering.source import CopySource, NotAsPushed, SetPlace, Unproved
from db.audit import chain
from db.audit.audit import Actor
from db.copies.signer import Signer, own_signer
from db.errors import Invalid
from db.installation import import_file, lost_contents
from db.installation.lost_contents import LostContent, LostPolicy
from db.sql.value_lists import batched

TOGETHER = 32
MOST_FAULTS = 20
NEW_DATABASE = "Name a new database in TENANTKEEP_DATABASE_URL."
NEVER_COPIED = "It is in no set that was copied to this store."

# Told what is done, and how much of how much.
Tell = Callable[[str, int, int], None]


@dataclass
class Recovery:
    """The account of a recovery: all that came back, and all that did not."""

    installation: str
    signer: str
    state: str | None = None
    made_at: str | None = None
    rows: int = 0
    ended_runs: int = 0
    contents: int = 0
    sets: int = 0
    # Objects that are missing or not what was pushed, beside contents.
    unproved: list[str] = field(default_factory=list)
    # Sets of the store that are not here, and stay away: sets were deleted here since the recovery.
    left_away: int = 0
    lost: list[LostPolicy] = field(default_factory=list)
    lost_contents: int = 0
    # Directory id -> contents that are gone because somebody had the tenant's copies deleted since the state was made.
    erased: Counter[str] = field(default_factory=Counter)
    audit_problems: list[str] = field(default_factory=list)


def recover(source: CopySource, address: str, actor: Actor, tell: Tell, as_of: datetime | None = None) -> Recovery:
    """Bring back what the store has. Raises Invalid before anything was changed, and StoreError at any time."""
    result = Recovery(source.first.installation, source.first.signer)
    here = lost_contents.installation_here() or _bring_state(source, address, actor, tell, as_of, result)
    if here != source.first.installation:
        raise Invalid(f"Another installation was recovered here. {NEW_DATABASE}")
    if as_of not in {None, lost_contents.as_of()}:
        raise Invalid(f"A recovery of another time was begun here. Without --as-of it goes on. Else: {NEW_DATABASE}")
    _Contents(source, own_signer(), lost_contents.as_of(), tell, result).bring_back()
    result.audit_problems = [str(fault) for fault in islice(chain.verify(), MOST_FAULTS)]
    lost_contents.record_end(address, actor, contents=result.contents, sets=result.sets, lost=result.lost_contents)
    return result


def _bring_state(
    source: CopySource, address: str, actor: Actor, tell: Tell, as_of: datetime | None, result: Recovery
) -> str:
    """Import the state that is chosen, and return the number of the installation that is here then.

    Raises Invalid when there is none.
    """
    with state_choice.open_chosen(source, as_of) as state:
        try:
            imported = import_file.import_state(
                state.lines, address, as_of, actor, lambda done, rows: tell("rows", done, rows)
            )
        except import_file.NotEmpty:
            # Another recovery was quicker: this one goes on with what it has begun.
            if here := lost_contents.installation_here():
                return here
            raise
        except Invalid as e:
            if state.unproved:
                # The one before it may be another version's: whoever reads that has to know of the newer one.
                raise Invalid(f"{state.unproved[0]} {e}") from e
            raise
    result.state, result.made_at = state.name, state.at.isoformat()
    result.rows, result.ended_runs = imported.rows, imported.ended_runs
    result.unproved += state.unproved + state.doubted
    return source.first.installation


class _Contents:
    """Brings back the bodies of contents, and the sets that are newer than the state."""

    def __init__(
        self, source: CopySource, signer: Signer, as_of: datetime | None, tell: Tell, result: Recovery
    ) -> None:
        self._source, self._signer, self._as_of, self._tell, self._result = source, signer, as_of, tell, result
        made_at = lost_contents.state_made_at()
        self._erased = {directory_id for directory_id, since in source.erased().items() if since > made_at}
        self._reasons: dict[int, str] = {}
        self._erased_ids: set[int] = set()
        # Ids of lost contents that another digest than was tried may bring back, with those that were.
        self._tried: dict[int, set[str]] = {}
        self._total = 0

    def bring_back(self) -> None:
        # Sets first: what they tell of contents is of use for those that the state alone says nothing about.
        manifests = self._add_newer_sets()
        self._total = lost_contents.count()
        for page in lost_contents.pages():
            names = {content: self._name(content) for content in page}
            recorded = lost_contents.digests(list(names.values()))
            self._bring_page(
                {content: recorded.get(name, set()) | manifests.get(name, set()) for content, name in names.items()}
            )
        if self._tried:
            self._look_into_older_sets()
        # What another recovery, or a backup, brought back meanwhile is lost no longer.
        self._reasons = {content: self._reasons[content] for content in lost_contents.still_lost(self._reasons)}
        # Also of a tenant whose copies were erased: it may stay, and be backed up again.
        lost_contents.have_read_again(self._reasons.keys() | self._erased_ids)
        self._result.lost_contents = len(self._reasons)
        self._result.lost = lost_contents.policies_of(self._reasons)

    def _add_newer_sets(self) -> dict[str, set[str]]:
        """Add sets that the state has not. Return name -> digests of what is in them."""
        digests = defaultdict[str, set[str]](set)
        places = self._source.sets()
        # First: a scheduler may be there that has a backup made meanwhile.
        lost_contents.keep_numbers(place.number for place in places)
        gone = lost_contents.directories_that_go()
        sets_have_gone = lost_contents.have_sets_gone()
        for place in reversed(places):
            if lost_contents.has_set(place.number):
                continue
            if sets_have_gone:
                self._result.left_away += 1
                continue
            manifest = None if place.directory_id in gone else self._manifest(place)
            if manifest is None or self._is_too_new(manifest) or not lost_contents.add_set(manifest):
                continue
            for name, digest in _digests(manifest).items():
                digests[name].add(digest)
            self._result.sets += 1
            self._tell("sets", self._result.sets, self._result.sets)
        return digests

    def _manifest(self, place: SetPlace) -> Mapping[str, Any] | None:
        try:
            return self._source.read_manifest(place)
        except (Unproved, Invalid) as e:
            self._result.unproved.append(f"{place.path}: {e}" if isinstance(e, Invalid) else str(e))
            return None

    def _is_too_new(self, manifest: Mapping[str, Any]) -> bool:
        return self._as_of is not None and datetime.fromisoformat(manifest["set"]["completed_at"]) > self._as_of

    def _look_into_older_sets(self) -> None:
        """Bring back what manifests tell the digest of, and the state does not, or another one."""
        for place in self._source.sets():
            if not self._tried:
                return
            manifest = self._manifest(place)
            if manifest is not None and not self._is_too_new(manifest):
                digests = _digests(manifest)
                for page in lost_contents.pages():
                    told = [(content, digests.get(self._name(content))) for content in page]
                    self._bring_page(
                        {content: {digest} for content, digest in told if digest and self._is_untried(content, digest)}
                    )

    def _is_untried(self, content: LostContent, digest: str) -> bool:
        return content.id in self._tried and digest not in self._tried[content.id]

    def _bring_page(self, wanted: Mapping[LostContent, set[str]]) -> None:
        """Bring back contents whose JSON has one of the digests."""
        for some in batched(list(wanted), TOGETHER):
            bodies: dict[int, bytes] = {}
            with ThreadPoolExecutor(self._source.parallel) as threads:
                bodies_or_why = threads.map(self._read, some, [wanted[content] for content in some])
                for content, body in zip(some, bodies_or_why, strict=True):
                    if isinstance(body, Unproved):
                        self._note_lost(content, wanted[content], body)
                    else:
                        bodies[content.id] = body
                        self._reasons.pop(content.id, None)
                        self._tried.pop(content.id, None)
            lost_contents.bring_back(bodies)
            self._result.contents += len(bodies)
            self._tell("contents", self._result.contents, self._total)

    def _read(self, content: LostContent, digests: set[str]) -> bytes | Unproved:
        """Return the content's sealed body, or why it has none."""
        if not digests:
            return NotAsPushed(NEVER_COPIED)
        try:
            plain = self._source.read_content(self._name(content), digests)
        except Unproved as e:
            return e
        return lost_contents.sealed(content.tenant_id, content.fingerprint, plain)

    def _note_lost(self, content: LostContent, tried: set[str], why: Unproved) -> None:
        if content.directory_id in self._erased:
            self._erased_ids.add(content.id)
            self._result.erased[content.directory_id] += 1
            return
        self._reasons[content.id] = str(why)
        if isinstance(why, NotAsPushed):
            self._tried.setdefault(content.id, set()).update(tried)
        else:
            self._tried.pop(content.id, None)

    def _name(self, content: LostContent) -> str:
        return self._signer.content_name(content.directory_id, content.fingerprint)


def _digests(manifest: Mapping[str, Any]) -> dict[str, str]:
    return {item["content"]: item["sha256"] for item in manifest["items"]}
