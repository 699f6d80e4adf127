"""Lists the policy types of a backup, and makes its run's items. May be interrupted after any of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from actors.reading.answer_memory import RunMemory
from actors.reading.cached_listings import listed_policies, record_listing
from actors.reading.graph_errors import classify_listing_error, finish_refused, is_last_attempt
from db.backups import backup_sets
from db.clock import utcnow
from db.database import database
from db.models import BackupSet, Run
from db.runs import claims, run_items
from db.runs.claims import Claim
from db.runs.run_items import NewRunItem
from db.states import QUIET_OFFERS, ItemState, Offer, Outcome
from db.tenants import coverage
from graph.errors import GraphError, Rejected, Throttled
from graph.policy_types.table import POLICY_TYPES
from graph.read.readings import ListedPolicy, PolicyList, list_policies
from graph.references.reference_kinds import GROUPS
from graph.transport.batch_driver import drive
from graph.transport.client import GraphClient


def types_to_list(selection: dict[str, Any]) -> Sequence[str]:
    return selection.get("policy_types", []) if selection else list(POLICY_TYPES)


def list_types(claim: Claim, graph: GraphClient) -> tuple[dict[str, PolicyList], list[GraphError]]:
    """List every policy type that the set still lacks. Return the lists, and the errors that may go away."""
    backup_set = backup_set_of(claim)
    _skip_types_not_offered(claim, backup_set)
    policy_types = [key for key in unlisted_types(backup_set) if key != GROUPS]
    memory, began = RunMemory(claim, "list"), utcnow()
    answers = drive(graph, {key: list_policies(POLICY_TYPES[key]) for key in policy_types}, memory=memory)
    lists = {key: answer for key, answer in answers.items() if isinstance(answer, PolicyList)}
    for key, policy_list in lists.items():
        _record_list(claim, backup_set, key, policy_list, memory, memory.began.get(key, began))
    refused = {key: answer for key, answer in answers.items() if isinstance(answer, GraphError)}
    final = {key: error for key, error in refused.items() if _is_given_up(claim, error)}
    for key, error in final.items():
        _record_refusal(claim, backup_set, key, error)
    if final:
        claims.reset_attempts(claim)  # the attempts of the types given up do not count for the others
    return lists, [error for key, error in refused.items() if key not in final]


def unlisted_types(backup_set: BackupSet) -> list[str]:
    """Return the policy types that are neither listed nor given up yet. A set of an earlier version names none."""
    never_named = [key for key in types_to_list(backup_set.selection) if key not in backup_set.types]
    return [*never_named, *backup_sets.unlisted_types(backup_set)]


def backup_set_of(claim: Claim) -> BackupSet:
    backup_set = backup_sets.find_of_run(claim.run.parent or claim.run)
    if backup_set is None:
        raise LookupError(f"run {claim.run.id} has no backup set")
    return backup_set


def _is_given_up(claim: Claim, error: GraphError) -> bool:
    return isinstance(error, Rejected) or (is_last_attempt(claim) and not isinstance(error, Throttled))


def _skip_types_not_offered(claim: Claim, backup_set: BackupSet) -> None:
    """Record the types that the tenant does not offer, unless somebody chose them."""
    known = {} if backup_set.selection else coverage.not_offered(claim.run.tenant)
    for key in unlisted_types(backup_set):
        if key in known:
            with database.atomic():
                claims.assert_claim(claim)
                backup_sets.record_type(backup_set, key, Offer.NOT_OFFERED, message=known[key])


def _record_list(
    claim: Claim, backup_set: BackupSet, key: str, policy_list: PolicyList, memory: RunMemory, began: datetime
) -> None:
    with database.atomic():
        claims.assert_claim(claim)  # or a worker that was taken for dead would add the items a second time
        backup_sets.record_type(backup_set, key, Offer.OFFERED, len(policy_list.policies) + len(policy_list.without_id))
        record_listing(claim.run, key, policy_list, began)
        _add_items(claim.run, backup_set, key, policy_list.policies)
        _fail_without_id(claim, key, policy_list.without_id)
        memory.forget([key])
    claim.has_progressed = True


def _fail_without_id(claim: Claim, key: str, listed: Sequence[ListedPolicy]) -> None:
    """Add a failed item for each policy that is listed without an id: it is there, and cannot be read."""
    for policy in listed:
        item = run_items.add_item(claim.run, NewRunItem(key, policy.name))
        message = "Microsoft Graph lists it without a usable id: it cannot be read. Look at it in the tenant's portal."
        run_items.finish_item(claim, item, ItemState.FAILED, Outcome.ERROR, reason="malformed", message=message)


def _record_refusal(claim: Claim, backup_set: BackupSet, key: str, error: GraphError) -> None:
    """Add an item for a type that cannot be listed, with a sentence that says why.

    A type that the tenant need not have gets no item, unless somebody chose it: it would be shown every night.
    """
    tenant = claim.run.tenant
    offer, why = classify_listing_error(error, POLICY_TYPES[key], tenant)
    with database.atomic():
        claims.assert_claim(claim)
        backup_sets.record_type(backup_set, key, offer, message=why)
        coverage.record_offer(tenant, key, offer, why)
        if backup_set.selection or offer not in QUIET_OFFERS:
            item = run_items.add_item(claim.run, NewRunItem(key, POLICY_TYPES[key].title))
            finish_refused(claim, item, error, offer, why)


def _add_items(run: Run, backup_set: BackupSet, key: str, listed: Sequence[ListedPolicy]) -> None:
    present = listed_policies(run.tenant, key, listed)
    unchanged = {} if backup_set.is_full else backup_sets.unchanged_snapshots(present, run.tenant.full_every_days)
    run_items.add_items(
        run, [NewRunItem(key, policy.name, policy.id, policy.graph_id, unchanged.get(policy.id)) for policy in present]
    )
