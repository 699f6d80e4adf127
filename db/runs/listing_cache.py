"""What a run was shown of a policy type. A service that allows one request a second is not asked twice for it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from db.models import Listing, Run
from db.sql import upserts
from db.sql.value_lists import is_in


def save(run: Run, policy_type: str, rows: Any, began: datetime) -> None:
    """`rows`: what it holds, or why it cannot be had, as actors/reading/cached_listings.py packs either; `began`:
    its oldest page."""
    row = {"run": run.id, "policy_type": policy_type, "rows": rows, "listed_at": began}
    upserts.insert_or_update(Listing, (Listing.run, Listing.policy_type), [row], [Listing.rows, Listing.listed_at])


def load_since(run: Run, at: Mapping[str, datetime]) -> dict[str, Any]:
    """Policy type -> rows, of those whose list began later than the time given for each."""
    found = Listing.select().where((Listing.run == run) & is_in(Listing.policy_type, at))
    return {one.policy_type: one.rows for one in found if one.listed_at > at[one.policy_type]}


def begin_times(run: Run) -> dict[str, datetime]:
    """Policy type -> when its list that is kept began."""
    return dict(Listing.select(Listing.policy_type, Listing.listed_at).where(Listing.run == run).tuples())


def delete(run: Run) -> None:
    Listing.delete().where(Listing.run == run).execute()
