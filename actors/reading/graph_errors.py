"""Graph errors, explained: what one means for a policy type or a policy, and when it is worth another try."""

import logging
from collections.abc import Mapping, Sequence

from actors.queue.run_actor import Wait, backoff_seconds
from actors.tenants import graph_clients
from db.models import RunItem, Tenant
from db.policies import policies
from db.runs import run_items
from db.runs.claims import MAX_ATTEMPTS, Claim
from db.states import AppAccess, ItemState, Offer, Outcome
from db.tenants import coverage
from graph.errors import Forbidden, GraphError, NotAvailable, Rejected, Throttled
from graph.policy_types.permissions import Access
from graph.policy_types.policy_type import PolicyType

logger = logging.getLogger(__name__)


def finish_unlisted(claim: Claim, item: RunItem, error: GraphError, policy_type: PolicyType) -> None:
    """Finish the item of a list that Graph refuses: skipped without the permission or the feature, else failed."""
    offer, why = classify_listing_error(error, policy_type, claim.run.tenant)
    coverage.record_offer(claim.run.tenant, policy_type.key, offer, why)
    finish_refused(claim, item, error, offer, why)


def finish_refused(claim: Claim, item: RunItem, error: GraphError, offer: Offer, why: str) -> None:
    state, outcome = _STATE_BY_OFFER[offer]
    run_items.finish_item(claim, item, state, outcome, reason=error.code, message=why, request_id=error.request_id)


def finish_not_offered(claim: Claim, item: RunItem, why: str) -> None:
    """Finish the item of a policy type that was not asked for: the tenant did not offer it a few days ago."""
    run_items.finish_item(claim, item, ItemState.SKIPPED, Outcome.NOT_AVAILABLE, reason="not_offered", message=why)


_STATE_BY_OFFER = {
    Offer.NOT_PERMITTED: (ItemState.SKIPPED, Outcome.FORBIDDEN),
    Offer.NOT_OFFERED: (ItemState.SKIPPED, Outcome.NOT_AVAILABLE),
    Offer.NEVER_READ: (ItemState.SKIPPED, Outcome.NOT_AVAILABLE),
    Offer.FAILED: (ItemState.FAILED, Outcome.ERROR),
}


def classify_listing_error(error: GraphError, policy_type: PolicyType, tenant: Tenant) -> tuple[Offer, str]:
    """Return what an error says of a policy type that could not be listed, and why.

    An error that nobody knows is no reason to leave the type out.
    """
    why = why_forbidden(policy_type.access, tenant) if isinstance(error, Forbidden) else error.sentence
    if isinstance(error, Rejected) and not isinstance(error, NotAvailable):
        if policy_type.access.is_optional and not policies.has_any_of_type(tenant, policy_type.key):
            return Offer.NEVER_READ, why
        return (Offer.NOT_PERMITTED if isinstance(error, Forbidden) else Offer.FAILED), why
    if error.code == "unknown_segment" and tenant.cloud == "global":
        # Never a tenant's property there (graph-api-gotchas of rknightion/graph2otel): our own table is wrong, or old.
        logger.error("Microsoft Graph does not know this policy type: %s", policy_type.path)
    is_missed = not isinstance(error, NotAvailable) or _may_be_outage(tenant, policy_type)
    return (Offer.FAILED if is_missed else Offer.NOT_OFFERED), why


def _may_be_outage(tenant: Tenant, policy_type: PolicyType) -> bool:
    """Return whether “not offered” may be an outage in other words: as far as we know, the tenant has policies of it.

    For a week it counts as a failure; then it is believed.
    """
    return coverage.is_bad_of_late(tenant, policy_type.key) and policies.has_any_of_type(tenant, policy_type.key)


def why_forbidden(
    access: Access, tenant: Tenant, then: str = "start this again", *, app: AppAccess = AppAccess.READ
) -> str:
    """Say which permission is missing; or that it is there and something else refuses us, so that no consent helps.

    `app`: which of the tenant's sign-ins was refused.
    """
    writes = app == AppAccess.WRITE
    granted = graph_clients.write_roles(tenant) if writes else graph_clients.sign_in_of(tenant).roles()
    if access.is_granted(granted):
        return (
            f"Microsoft Graph refuses this, though the app registration has the permission ({access.ask}). "
            f"Check that the tenant has this feature and a licence for it, then {then}."
        )
    return f"The app registration lacks the permission {access.ask}. Add it in Entra, grant admin consent, then {then}."


def next_to_read(items: Sequence[RunItem]) -> list[RunItem]:
    """Return the items to read now: first those that were never tried, then those that did not answer.

    So an item that does not answer holds up no other, and does not use up its tries at their pace.
    """
    return [item for item in items if not item.tries] or list(items)


def is_last_try(item: RunItem) -> bool:
    return bool(item.tries + 1 >= MAX_ATTEMPTS)


def is_last_attempt(claim: Claim) -> bool:
    """Like `is_last_try`, for a request of the run as a whole, before it has items."""
    return bool(claim.run.attempts + 1 >= MAX_ATTEMPTS)


def is_final(item: RunItem, result: object) -> bool:
    """Tell whether there is nothing to wait for: a result, a refusal, or the last of many failed tries."""
    if not isinstance(result, GraphError) or isinstance(result, Rejected):
        return True
    return not isinstance(result, Throttled) and is_last_try(item)


def unfinished_items(items: Sequence[RunItem], results: Mapping[RunItem, object]) -> dict[RunItem, GraphError]:
    """Return the items that have to be read again, each with its error."""
    errors = {item: result for item in items if isinstance(result := results[item], GraphError)}
    return {item: error for item, error in errors.items() if not is_final(item, error)}


def postpone(claim: Claim, unfinished: Mapping[RunItem, GraphError]) -> None:
    """Leave unfinished items to another message. Raises what this one has to wait for, if there are any.

    Being asked to wait costs nothing. A request that failed costs its item a try.
    """
    if not unfinished:
        return
    waits = [error for error in unfinished.values() if isinstance(error, Throttled)]
    troubled = [item for item, error in unfinished.items() if not isinstance(error, Throttled)]
    run_items.count_try(claim, [item.id for item in troubled])
    if waits:
        raise min(waits, key=lambda error: error.retry_after or 0.0)
    raise wait_before_retry(unfinished[troubled[0]], min(item.tries for item in troubled))


def wait_before_retry(error: GraphError, tries: int) -> Wait:
    seconds = backoff_seconds(tries)
    return Wait(f"{error.sentence} Trying again in {seconds:.0f} s.", seconds)
