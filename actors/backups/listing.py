"""Lists the policy types of a backup, and makes its run's items. May be interrupted after any of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from actors.reading.answer_memory import RunMemory
from actors.reading.cached_listings import listed_policies, record_listings
from actors.reading.graph_errors import classify_listing_error, finish_refused, is_last_attempt
from db.backups import backup_sets
from db.clock import utcnow
from db.database import database
from db.models import BackupSet, Run
from db.runs import claims, run_items
from db.runs.claims import Claim
from db.runs.run_items import NewRunItem
from db.sql.value_lists import ROWS_PER_STATEMENT
from db.states import QUIET_OFFERS, ItemState, Offer, Outcome
from db.tenants import coverage
from graph.errors import GraphError, is_given_up
from graph.policy_types.table import POLICY_TYPES
from graph.read.readings import ListedPolicy, PolicyList, list_policies
from graph.references.reference_kinds import GROUPS
from graph.transport.batch_driver import drive
from graph.transport.client import GraphClient


def types_to_list(selection: dict[str, Any]) -> Sequence[str]:
    return selection.get("policy_types", []) if selection else list(POLICY_TYPES)


def list_types(
    claim: Claim, graph: GraphClient, begin_beside: Callable[[Mapping[str, PolicyList]], object] | None = None
) -> tuple[dict[str, PolicyList], list[GraphError]]:
    """List every policy type that the set still lacks. Return the lists, and the errors that may go away.

    `begin_beside` gets the lists before they are recorded, and begins what can go on meanwhile.
    """
    backup_set = backup_set_of(claim)
    _skip_types_not_offered(claim, backup_set)
    policy_types = [key for key in unlisted_types(backup_set) if key != GROUPS]
    memory, began = RunMemory(claim, "list"), utcnow()
    answers = drive(graph, {key: list_policies(POLICY_TYPES[key]) for key in policy_types}, memory=memory)
    lists = {key: answer for key, answer in answers.items() if isinstance(answer, PolicyList)}
    if begin_beside is not None:
        begin_beside(lists)
    for keys in _together(lists):
        _record_lists(claim, backup_set, {key: (lists[key], memory.began.get(key, began)) for key in keys}, memory)
    refused = {key: answer for key, answer in answers.items() if isinstance(answer, GraphError)}
    is_last_try = is_last_attempt(claim)
    final = {key: error for key, error in refused.items() if is_given_up(error, is_last_try=is_last_try)}
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


def _skip_types_not_offered(claim: Claim, backup_set: BackupSet) -> None:
    """Record the types that the tenant does not offer, unless somebody chose them."""
    known = {} if backup_set.selection else coverage.not_offered(claim.run.tenant)
    for key in unlisted_types(backup_set):
        if key in known:
            with database.atomic():
                claims.assert_claim(claim)
                backup_sets.record_type(backup_set, key, Offer.NOT_OFFERED, message=known[key])


def _together(lists: Mapping[str, PolicyList]) -> Iterator[list[str]]:
    """Yield the policy types whose lists are recorded in one transaction: most are short, and one alone may be long.

    Nobody waits long behind it. Rows of other types are taken in the same order by all.
    """
    together, rows = list[str](), 0
    for key in sorted(lists):
        count = len(lists[key].policies)
        if together and rows + count > ROWS_PER_STATEMENT:
            yield together
            together, rows = [], 0
        together.append(key)
        rows += count
    if together:
        yield together


def _record_lists(
    claim: Claim, backup_set: BackupSet, lists: Mapping[str, tuple[PolicyList, datetime]], memory: RunMemory
) -> None:
    with database.atomic():
        claims.assert_claim(claim)  # or a worker that was taken for dead would add the items a second time
        backup_sets.record_listed(
            backup_set, {key: len(listed.policies) + len(listed.without_id) for key, (listed, _) in lists.items()}
        )
        record_listings(claim.run, lists)
        _add_items(claim.run, backup_set, {key: listed.policies for key, (listed, _) in lists.items()})
        for key, (listed, _) in lists.items():
            _fail_without_id(claim, key, listed.without_id)
        memory.forget(lists)
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


def _add_items(run: Run, backup_set: BackupSet, lists: Mapping[str, Sequence[ListedPolicy]]) -> None:
    by_type = listed_policies(run.tenant, lists)
    present = [policy for of_type in by_type.values() for policy in of_type]
    unchanged = {} if backup_set.is_full else backup_sets.unchanged_snapshots(present, run.tenant.full_every_days)
    run_items.add_items(
        run,
        [
            NewRunItem(policy.policy_type, policy.name, policy.id, policy.graph_id, unchanged.get(policy.id))
            for policy in present
        ],
    )
