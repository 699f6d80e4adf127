"""What a run was shown of a policy type. A service that allows one request a second is not asked twice for it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from db.clock import utcnow
from db.models import Listing, Run

Rows = Sequence[Mapping[str, Any]]


def keep(run: Run, policy_type: str, rows: Rows) -> None:
    values = {Listing.rows: list(rows), Listing.listed_at: utcnow()}
    Listing.insert({Listing.run: run.id, Listing.policy_type: policy_type, **values}).on_conflict(
        conflict_target=[Listing.run, Listing.policy_type], update=values
    ).execute()


def since(run: Run, at: Mapping[str, datetime]) -> dict[str, list[dict[str, Any]]]:
    """Policy type -> rows, of those that were listed later than the time given for each."""
    found = Listing.select().where((Listing.run == run) & Listing.policy_type.in_(list(at) or [""]))
    return {one.policy_type: one.rows for one in found if one.listed_at > at[one.policy_type]}


def forget(run: Run) -> None:
    Listing.delete().where(Listing.run == run).execute()
