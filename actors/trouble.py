"""Turning a Graph error into what a run item says."""

from db import runs
from db.models import RunItem
from db.runs import Claim
from db.states import ItemState, Outcome
from graph.errors import Forbidden, GraphError, NotAvailable, NotFound
from graph.policy_type import PolicyType


def settle_error(claim: Claim, item: RunItem, error: GraphError, policy_type: PolicyType) -> None:
    """A list that Graph refuses: skipped for want of a permission or of the feature, else failed."""
    if isinstance(error, Forbidden):
        state, outcome, message = ItemState.SKIPPED, Outcome.FORBIDDEN, missing_permission(policy_type)
    elif isinstance(error, NotAvailable | NotFound):
        state, outcome, message = ItemState.SKIPPED, Outcome.NOT_AVAILABLE, error.sentence
    else:
        state, outcome, message = ItemState.FAILED, Outcome.ERROR, error.sentence
    runs.settle(claim, item, state, outcome, reason=error.code, message=message, request_id=error.request_id)


def missing_permission(policy_type: PolicyType) -> str:
    return (
        f"The app registration lacks the permission {policy_type.permission}. "
        "Add it in Entra, grant admin consent, then start this again."
    )
