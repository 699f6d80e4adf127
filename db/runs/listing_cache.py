"""Lists of policies that a run has read. A service that allows one request a second is not asked twice for one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from db.models import Listing, Run
from db.sql import upserts
from db.sql.value_lists import is_in


def save(run: Run, policy_type: str, rows: Any, began: datetime) -> None:
    """Save a policy type's list, or why it cannot be had. actors/reading/cached_listings.py packs either into `rows`.

    `began`: when its oldest page was asked for.
    """
    row = {"run": run.id, "policy_type": policy_type, "rows": rows, "listed_at": began}
    upserts.insert_or_update(Listing, (Listing.run, Listing.policy_type), [row], [Listing.rows, Listing.listed_at])


def load_since(run: Run, at: Mapping[str, datetime]) -> dict[str, Any]:
    """Return policy type -> rows, for lists that began later than the time given for their type."""
    listings = Listing.select().where((Listing.run == run) & is_in(Listing.policy_type, at))
    return {listing.policy_type: listing.rows for listing in listings if listing.listed_at > at[listing.policy_type]}


def begin_times(run: Run) -> dict[str, datetime]:
    """Return policy type -> when its saved list began."""
    return dict(Listing.select(Listing.policy_type, Listing.listed_at).where(Listing.run == run).tuples())


def delete(run: Run) -> None:
    Listing.delete().where(Listing.run == run).execute()
