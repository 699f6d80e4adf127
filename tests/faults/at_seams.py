"""Faults at the seams: what strikes between two statements that belong together."""

import contextlib

import peewee as pw

from db.policies import snapshots
from tests.faults.seams import Seam

SCHEDULE_MOVED = r'^UPDATE "schedule" SET .*"next_at"'
RUN_MADE = r'^INSERT (OR IGNORE )?INTO "run" '
RUN_ENDS = r'^UPDATE "run" SET .*"ended_at"'
PART_ENDED = r'^DELETE FROM "run"'
WRITE_RECORDED = r'^INSERT INTO "write"'
WRITE_ANSWERED = r'^UPDATE "write"'
DECIDED = r'^SELECT .* FROM "backup_set" .*JOIN "manifest"'
SETS_DELETED = r'^DELETE FROM "backup_set"'
SNAPSHOTS_DELETED = r'^DELETE FROM "snapshot"'
CONTENTS_DELETED = r'^DELETE FROM "content"'
CONTENTS_RECORDED = r'^INSERT (OR IGNORE )?INTO "copied_content"'
MANIFEST_RECORDED = r'^UPDATE "copied_set" SET "manifest_checksum"'
LAB_WRITTEN = r'^UPDATE "rehearsal_sample"'
LAB_UNDRAFTED = r'^UPDATE "rehearsal" SET "lab_undo_id"'
# Long enough for somebody who works in the browser.
STANDS_STILL = 2.0


def killed(statement, *, is_before=False):
    """Whoever executes the statement, just after it; where it is alone, that is committed."""

    def strike(stage):
        stage.arm(Seam(statement, is_before, names=_named_in(statement, stage)))
        yield
        stage.killed += stage.comes_to_seam()

    return strike


def _named_in(statement, stage):
    """Retention looks at one tenant after the other."""
    return stage.work.tenant.id if statement == DECIDED else None


def pinned(stage):
    """While retention has decided, and not yet deleted: somebody pins a set that would go."""
    stage.arm(Seam(DECIDED, seconds=STANDS_STILL, names=stage.work.tenant.id))
    yield
    if stage.comes_to_seam():
        stage.work.pin_one_that_goes()


def captured(stage):
    """While retention has found a content that nobody reads, and not yet deleted it: a capture reads the same again."""
    stage.arm(Seam(CONTENTS_DELETED, is_before=True, seconds=STANDS_STILL))
    yield
    if stage.comes_to_seam():
        _capture(stage)


def _capture(stage, tries=3):
    """Capture as a worker would: where its transaction fails, it tries again."""
    for _ in range(tries):
        with contextlib.suppress(pw.IntegrityError):
            stage.read(lambda: snapshots.save(stage.work.a_run(), [stage.work.unread]))
            return
