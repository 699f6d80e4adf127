"""Seams: a statement before or after which the process that executes it dies, or stands still; once.

The stage arms one by a file, so that nothing is restarted for it. The first process of ours that comes to the statement
takes the file away, and is struck.
"""

import json
import os
import re
import signal
import time
from dataclasses import asdict, dataclass
from pathlib import Path

FOLDER = "FAULTS_FOLDER"
ARMED, STRUCK, STRUCK_PROCESS = "armed", "struck", "process"


@dataclass(frozen=True)
class Seam:
    """`names`: only where it is among the statement's values. `seconds` None: it dies; else it stands still so long."""

    statement: str
    is_before: bool = False
    seconds: float | None = None
    names: int | str | None = None


class Seams:
    """The stage's side."""

    def __init__(self, folder):
        self._folder = folder
        folder.mkdir()

    def arm(self, seam):
        self.disarm()
        written = self._folder / "written"
        written.write_text(json.dumps(asdict(seam)))
        written.rename(self._folder / ARMED)

    def disarm(self):
        for name in (ARMED, STRUCK, STRUCK_PROCESS):
            (self._folder / name).unlink(missing_ok=True)

    def is_struck(self):
        return (self._folder / STRUCK).exists()

    def struck_process(self):
        """Return the id of the process that came to it; None until that is known."""
        written = self._folder / STRUCK_PROCESS
        return int(written.read_text() or 0) or None if written.exists() else None

    def step_clock(self, role, seconds):
        """Move the clock of a process that is up, from now on; 0: it is right again."""
        (self._folder / f"clock-{role}").write_text(str(seconds))


def watch():
    """Look at every statement of this process, which is one of ours."""
    from db import database as engine

    folder = Path(os.environ[FOLDER])
    execute = engine._ReplacesUnstorable.execute_sql

    def execute_sql(self, sql, params=None):
        seam = _armed(folder, sql, params)
        if seam and seam.is_before:
            _strike(folder, seam)
        cursor = execute(self, sql, params)
        if seam and not seam.is_before:
            _strike(folder, seam)
        return cursor

    engine._ReplacesUnstorable.execute_sql = execute_sql


def _armed(folder, sql, params):
    try:
        seam = Seam(**json.loads((folder / ARMED).read_text()))
    except FileNotFoundError:
        return None
    is_named = seam.names is None or seam.names in list(params or ())
    return seam if is_named and re.search(seam.statement, sql) else None


def _strike(folder, seam):
    try:
        (folder / ARMED).rename(folder / STRUCK)
    except FileNotFoundError:
        return  # another process was quicker
    (folder / STRUCK_PROCESS).write_text(str(os.getpid()))
    if seam.seconds is None:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(seam.seconds)


def step_of_clock(role):
    """Return how far this process's clock was moved while it runs."""
    try:
        return float((Path(os.environ[FOLDER]) / f"clock-{role}").read_text() or 0)
    except FileNotFoundError:
        return 0.0
