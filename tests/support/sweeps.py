"""The scheduler's sweep while a test waits for what a worker of this process does."""

import time

from actors import scheduler
from db.models import Run
from db.states import ACTIVE

# A sweep costs as much as a page, and takes it from a worker of the same process: what has not ended in a tenth of a
# second is swept for, and while somebody is at work once a second, which is what a run needs whose worker died.
AT_REST_SECONDS, AT_WORK_SECONDS = 0.1, 1.0


class Sweeps:
    """The sweeps of one wait."""

    def __init__(self):
        self._began = self._swept = time.monotonic()

    def sweep_if_due(self):
        if self._is_due(time.monotonic() - self._swept):
            scheduler.sweep()
            self._swept = time.monotonic()

    def pause(self):
        """Sleep until the next look: what is short ends at once, and what takes long is not kept from the processor."""
        time.sleep(0.02 if time.monotonic() - self._began < 1 else 0.1)

    def _is_due(self, since):
        return since > AT_WORK_SECONDS or (since > AT_REST_SECONDS and not _is_any_at_work())


def _is_any_at_work():
    return Run.select().where(Run.claimed_by.is_null(False), Run.state.in_(ACTIVE)).exists()
