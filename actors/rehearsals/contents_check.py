"""Opens every content of a backup set and computes its fingerprint anew, a few at a time in bounded memory."""

import zlib
from collections.abc import Iterator, Sequence

from db.backups import backup_sets
from db.database import database
from db.encryption import SealError
from db.models import BackupSet, Rehearsal, Snapshot
from db.policies import snapshots
from db.rehearsals import rehearsals
from db.rehearsals.rehearsals import NewFinding
from db.runs import claims
from db.runs.claims import Claim
from db.sql.value_lists import batched
from graph.content import legacy_fingerprint
from graph.content.fingerprint import fingerprint
from graph.policy_types.table import POLICY_TYPES

# Contents in memory at once. One may have some megabytes.
CONTENTS_AT_ONCE = 20

MISSING = "The backup set lists snapshot {number}, and it is not in the database."
SEALED = (
    "Its content does not open: its encryption key is missing, or it was changed in the database. "
    "Look for the key (docs/operating.md), or capture the policy again."
)
DAMAGED = "Its content opens, and what is in it cannot be read. Capture the policy again."
OTHER_FINGERPRINT = (
    "Its content opens, and is not what its fingerprint was made of by today's rules. Compare it with the tenant "
    "before you rely on it."
)


def check(claim: Claim, rehearsal: Rehearsal, backup_set: BackupSet, step: str) -> bool:
    """Check what is left to be checked, and keep what is found. Return False when a cancel was asked for meanwhile."""
    ids = backup_sets.snapshot_ids(backup_set)
    for some_ids in batched((number for number in ids if number > rehearsal.checked_to), CONTENTS_AT_ONCE):
        if claims.is_cancel_requested(claim):
            return False
        found = list(_check_some(some_ids))
        with database.atomic():
            claims.assert_claim(claim)
            rehearsals.add_findings(rehearsal, step, found)
            checked = rehearsal.contents_checked + len(some_ids)
            rehearsals.note(rehearsal, checked_to=some_ids[-1], contents_checked=checked, contents_total=len(ids))
        claim.has_progressed = True
    return True


def _check_some(snapshot_ids: Sequence[int]) -> Iterator[NewFinding]:
    rows = {row.id: row for row in snapshots.load_with_contents(snapshot_ids)}
    for number in snapshot_ids:
        if number not in rows:
            yield NewFinding("missing", MISSING.format(number=number))
        elif finding := check_content(rows[number]):
            yield finding


def check_content(snapshot: Snapshot) -> NewFinding | None:
    """Return what is wrong with the content of a snapshot that was read with it, or None."""
    code, sentence = _trouble(snapshot)
    if not code:
        return None
    policy = snapshot.policy
    return NewFinding(code, sentence, str(policy.policy_type), str(policy.graph_id), str(snapshot.name))


def _trouble(snapshot: Snapshot) -> tuple[str, str]:
    """Return (code, sentence) of what is wrong with the content, or two empty words."""
    try:
        document = snapshots.open_content(snapshot.content)
    except SealError:
        return "sealed", SEALED
    except (zlib.error, ValueError, RecursionError):
        return "damaged", DAMAGED
    policy_type = POLICY_TYPES.get(snapshot.policy.policy_type)
    if policy_type is None:
        return "", ""  # a version after this one captured it: that it opens is all that can be said
    try:
        marks = (fingerprint(policy_type, document), legacy_fingerprint.fingerprint(policy_type, document))
    except (TypeError, ValueError, KeyError, AttributeError, RecursionError):
        return "damaged", DAMAGED
    return ("", "") if snapshot.content.fingerprint in marks else ("fingerprint", OTHER_FINGERPRINT)
