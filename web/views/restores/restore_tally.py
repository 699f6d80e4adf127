"""The work of each restore of a list, planned or done, by kind: counted for all rows of a page at once."""

from collections import Counter
from collections.abc import Mapping

from actors.plans import restore_results
from db.models import Restore
from db.states import WRITTEN_OUTCOMES, Outcome, RestoreState
from web.presentation import restore_text

# (outcome or action, reason) -> how many items.
Ends = Mapping[tuple[str, str | None], int]


def tally(restore: Restore, ends: Ends) -> str:
    """Say “2 changed · 1 was held back”; "" where there is no plan, or it was cancelled."""
    if not ends or restore.state == RestoreState.CANCELLED:
        return ""
    if restore.state == RestoreState.FINISHED:
        return restore_text.result_sentence(restore_results.plan_fates(_as_ended(ends), is_overridden=True))
    return restore_text.plan_sentence(restore_results.plan_fates(ends, is_overridden=bool(restore.guard_reason)))


def _as_ended(ends: Ends) -> Ends:
    """Take what was to be written, and has no outcome, for what the run did not reach."""
    counts: Counter[tuple[str, str | None]] = Counter()
    for (end, reason), count in ends.items():
        counts[Outcome.CANCELLED if end in WRITTEN_OUTCOMES else end, reason] += count
    return counts
