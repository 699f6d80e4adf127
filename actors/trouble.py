"""Turning a Graph error into what a run item says."""

from actors import connections
from db import runs
from db.models import RunItem, Tenant
from db.runs import Claim
from db.states import ItemState, Outcome
from graph.errors import Forbidden, GraphError, NotAvailable, NotFound
from graph.permissions import Access
from graph.policy_type import PolicyType


def settle_error(claim: Claim, item: RunItem, error: GraphError, policy_type: PolicyType) -> None:
    """A list that Graph refuses: skipped for want of a permission or of the feature, else failed."""
    if isinstance(error, Forbidden):
        state, outcome = ItemState.SKIPPED, Outcome.FORBIDDEN
        message = why_forbidden(policy_type.access, claim.run.tenant)
    elif isinstance(error, NotAvailable | NotFound):
        state, outcome, message = ItemState.SKIPPED, Outcome.NOT_AVAILABLE, error.sentence
    else:
        state, outcome, message = ItemState.FAILED, Outcome.ERROR, error.sentence
    runs.settle(claim, item, state, outcome, reason=error.code, message=message, request_id=error.request_id)


def why_forbidden(access: Access, tenant: Tenant, then: str = "start this again") -> str:
    """The permission is missing; or it is there, and something else refuses us: then no consent helps."""
    if access.is_sure(connections.sign_in(tenant).roles()):
        return (
            f"Microsoft Graph refuses this, though the app registration has the permission ({access.ask}). "
            f"Check that the tenant has this feature and a licence for it, then {then}."
        )
    return f"The app registration lacks the permission {access.ask}. Add it in Entra, grant admin consent, then {then}."
