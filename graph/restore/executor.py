"""Executing one policy's part of a plan: read it, write what differs, read it back.

A generator like the readings: it yields the requests it wants next and is sent their answers. It may be interrupted
after any of them and run again: it looks at what is there, and writes only what is still missing.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from graph.content.normalise import canonical_json
from graph.display.diff import Difference
from graph.errors import ApprovalNeeded, Conflict, NotFound, Rejected, Throttled
from graph.policy_types.policy_type import PolicyType
from graph.read import bins
from graph.read.directory_names import KnownNames, no_known_names
from graph.read.readings import Reading, read_policy
from graph.restore.planner import live_fingerprint
from graph.transport import paths
from graph.transport.batch_driver import RequestSteps
from graph.transport.client import Request
from graph.write.own_writes import BegunWrite
from graph.write.readiness import wait_reason
from graph.write.write_requests import (
    PolicyContent,
    change_requests,
    chosen_id,
    created_id,
    creation_request,
    remaining_differences,
    removal_requests,
)

JUSTIFICATION_HEADER = "x-msft-approval-justification"
APPROVAL_HEADER = "x-msft-approval-code"
CHANGED_SINCE_PREVIEW = "Somebody changed it since the preview. Nothing was written; preview it again."
CHANGED_SINCE_WRITE = (
    "Somebody changed it since this restore began to write it, or the service keeps it otherwise. "
    "It was left as it is; preview it again."
)

CHANGED_IN_BIN = "What Microsoft keeps of it is another than at the preview. Nothing was written; preview it again."
IS_BACK = "Somebody brought it back since the preview. Nothing was written; preview it again."
# An object lies in its bin, and Graph refuses to bring it back, while an earlier request of ours has no answer.
NOT_TAKEN_AGAIN = "not_taken_again"
GONE_FROM_BIN = "Microsoft keeps it no longer."
# Of an object in a bin the usual words would be wrong: nobody changes it there.
IN_ITS_WAY = "It answered that something in the tenant stands in its way ({})."
ID_IS_TAKEN = "{} is there by now, and making it would write over it. Nothing was written; preview it again."


class ChangedSincePreview(Rejected):
    """The live policy is not the one that the preview saw."""


class NotVisibleYet(Rejected):
    """The policy was just created, and Graph does not show it yet."""


class NotReady(Rejected):
    """The policy was just created, and cannot be used yet."""


class UndeleteRefused(Rejected):
    """Microsoft does not bring it back: nothing was written. The plan says whether a new one is made."""


@dataclass(frozen=True)
class KeptObject:
    """An object of the bin as the plan saw it: when it was deleted, as Graph wrote it, and its `live_fingerprint`."""

    graph_id: str
    deleted_at: str
    fingerprint: str


@dataclass
class RestoreTask:
    """One policy to restore: its plan, and what is known by now. Execution keeps `live` and `is_written` up to date."""

    policy_type: PolicyType
    # None: remove it.
    want: PolicyContent | None
    target_id: str | None
    # The enrollment token that it lives below, for policy types that live below one.
    token: str = ""
    # The fingerprint that the preview saw; None when it saw nothing, or when this restore has begun to write.
    live_fingerprint: str | None = None
    # What is to come back with its id, as the plan saw it in the bin.
    kept: KeptObject | None = None
    # What this restore has begun to write, in an earlier message or run: the live policy has to be its doing.
    begun: BegunWrite | None = None
    with_assignments: bool = True
    # The target was made by this very restore: Graph may take a while to show it.
    is_new: bool = False
    # The content read a moment ago; nothing has been written since.
    live: PolicyContent | None = None
    # The reading that `live` is of; whoever stores it sets this to None.
    reading: Reading | None = None
    # Everything was written and answered; only reading back is left.
    is_written: bool = False
    justification: str = ""
    # request_hash of a request that the tenant has approved -> the code to send along.
    approved: Mapping[str, str] = field(default_factory=dict)
    # Names that need not be asked for again.
    known: KnownNames = field(default_factory=no_known_names)


@dataclass(frozen=True)
class RestoreResult:
    """The policy as it is now, None when it was removed, and the differences that are left."""

    target_id: str
    reading: Reading | None
    differences: list[Difference]


def request_hash(request: Request) -> str:
    """Return a hash that is equal for the same request sent again: Multi Admin Approval approves a request."""
    text = f"{request.method} {request.path} {canonical_json(request.body)}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def execute_task(task: RestoreTask) -> RequestSteps[RestoreResult]:
    """Restore one policy, and read it back.

    Raises ChangedSincePreview, NotVisibleYet, NotReady, or the GraphError of the answer that matters.
    """
    if task.want is None:
        return (yield from _remove(task))
    if task.target_id is None and task.kept:
        task.target_id = yield from _undelete(task, task.kept)
        task.is_new = True
    elif task.target_id is None:
        task.target_id = yield from _create(task, task.want)
        task.is_new, task.live_fingerprint, task.begun = True, None, None
    reading = yield from _read_unless_known(task)
    if task.kept and task.policy_type.is_referred:
        task.is_written = True  # a group comes back whole, and is left as it is
    if not task.is_written:
        reading = (yield from _write_what_differs(task, task.want)) or reading
    if reading is None:
        reading = yield from _read(task)
    left = remaining_differences(task.policy_type, reading.content, task.want, with_assignments=task.with_assignments)
    return RestoreResult(task.target_id, reading, left)


def _write_what_differs(task: RestoreTask, want: PolicyContent) -> RequestSteps[Reading | None]:
    """Write until nothing differs; return the last reading.

    A write may create an object that is written to in its turn: a notification's new template. No path is written
    twice.
    """
    written: set[tuple[str, str]] = set()
    reading = (yield from _settle_state(task, want)) if task.kept else None
    while True:
        differing = change_requests(
            task.policy_type, str(task.target_id), task.live or {}, want, with_assignments=task.with_assignments
        )
        requests = [request for request in differing if (request.method, request.path) not in written]
        if not requests:
            task.is_written = True
            return reading
        if task.is_new:
            _require_ready(task)
        yield from _write(task, requests)
        written |= {(request.method, request.path) for request in requests}
        reading = yield from _read(task)


def _settle_state(task: RestoreTask, want: PolicyContent) -> RequestSteps[Reading | None]:
    """Give a policy that has come back the state that was planned, before anything else: it may be on."""
    live, state = task.live or {}, want["body"].get("state")
    if state is None or live["body"].get("state") == state:
        return None
    only_state = {**live, "body": {**live["body"], "state": state}}
    requests = change_requests(task.policy_type, str(task.target_id), live, only_state, with_assignments=False)
    yield from _write(task, requests)
    return (yield from _read(task))


def _undelete(task: RestoreTask, kept: KeptObject) -> RequestSteps[str]:
    """Bring back what the plan saw in the bin, and return its id.

    Where an earlier message has asked for it and its answer never came (`begun`), the live policy settles it. Raises
    ChangedSincePreview, UndeleteRefused, NotVisibleYet.
    """
    if task.begun and (yield from _is_there(task, kept.graph_id)):
        return kept.graph_id
    try:
        entry = yield from bins.read_entry(task.policy_type, kept.graph_id)
    except Rejected as e:
        raise _refusal(task, e) from e
    if entry is None:
        if not task.begun and (yield from _is_there(task, kept.graph_id)):
            raise ChangedSincePreview("conflict", IS_BACK)
        raise _refusal(task, NotFound("gone", GONE_FROM_BIN))
    if (entry.deleted_at, live_fingerprint(task.policy_type, entry.content)) != (kept.deleted_at, kept.fingerprint):
        raise ChangedSincePreview("conflict", CHANGED_IN_BIN)
    request = bins.restore_request(task.policy_type.key, kept.graph_id)
    [answer] = yield [_with_approval_headers(task, request)]
    if isinstance(answer.error, Rejected) and not isinstance(answer.error, ApprovalNeeded):
        raise _refusal(task, answer.error) from answer.error
    return bins.restored_id(answer.require_body(), kept.graph_id)


def _is_there(task: RestoreTask, graph_id: str) -> RequestSteps[bool]:
    [answer] = yield [task.policy_type.item_path(graph_id)]
    if isinstance(answer.error, NotFound):
        return False
    answer.require_body()
    return True


def _refusal(task: RestoreTask, error: Rejected) -> Rejected:
    """Return what a refusal means. While an earlier request of ours may have been carried out, it means nothing yet."""
    if task.begun:
        code = "not_there_yet" if error.code == "gone" else NOT_TAKEN_AGAIN
        return NotVisibleYet(code, "Microsoft Graph does not show yet whether it is back.")
    sentence = IN_ITS_WAY.format(error.status) if isinstance(error, Conflict) else error.sentence
    return UndeleteRefused(error.code, sentence, status=error.status, request_id=error.request_id)


def _create(task: RestoreTask, want: PolicyContent) -> RequestSteps[str]:
    yield from _require_absent(task, chosen_id(task.policy_type, want))
    request = replace(creation_request(task.policy_type, want, task.token), creates=True)
    [answer] = yield [_with_approval_headers(task, request)]
    return created_id(task.policy_type, want, answer.require_body(), task.token)


def _require_absent(task: RestoreTask, graph_id: str) -> RequestSteps[None]:
    """Raise ChangedSincePreview where a create that chooses its id would overwrite a policy, and its undo remove it."""
    if not graph_id:
        return
    [answer] = yield [task.policy_type.item_path(graph_id)]
    if not isinstance(answer.error, NotFound):
        answer.require_body()
        raise ChangedSincePreview("conflict", ID_IS_TAKEN.format(graph_id))


def _read_unless_known(task: RestoreTask) -> RequestSteps[Reading | None]:
    """Read the policy, unless it was read a moment ago. Raises ChangedSincePreview if somebody else has changed it."""
    if task.live is not None:
        return None
    reading = yield from _read(task)
    if task.begun and not task.is_written:
        if not task.begun.explains(task.policy_type, reading.content, with_assignments=task.with_assignments):
            raise ChangedSincePreview("conflict", CHANGED_SINCE_WRITE)
    elif task.live_fingerprint and live_fingerprint(task.policy_type, reading.content) != task.live_fingerprint:
        raise ChangedSincePreview("conflict", CHANGED_SINCE_PREVIEW)
    return reading


def _read(task: RestoreTask) -> RequestSteps[Reading]:
    try:
        reading = yield from read_policy(task.policy_type, str(task.target_id), task.known)
    except NotFound as e:
        if task.is_new:
            raise NotVisibleYet("not_there_yet", "Microsoft Graph does not show it yet.") from e
        raise
    task.live, task.reading = reading.content, reading
    return reading


def _require_ready(task: RestoreTask) -> None:
    waits_for = wait_reason(task.policy_type.key, (task.live or {})["body"])
    if waits_for:
        task.live = None  # by then it is otherwise
        raise NotReady("not_ready", waits_for)


def _write(task: RestoreTask, requests: list[Request]) -> RequestSteps[None]:
    for request in requests:
        [answer] = yield [_with_approval_headers(task, request)]
        if not isinstance(answer.error, Throttled) or answer.error.is_in_doubt:
            task.live = None  # what had to wait has changed nothing
        if task.is_new and isinstance(answer.error, NotFound):
            # Another service does not know it yet: "Profile not found" for up to a minute, when a policy that was just
            # made becomes its token's default (deploymenttheory/terraform-provider-microsoft365).
            raise NotVisibleYet("not_there_yet", "Microsoft Graph does not show it yet.") from answer.error
        answer.require_body()


def _with_approval_headers(task: RestoreTask, request: Request) -> Request:
    """Add the reason, for tenants with Multi Admin Approval; once there is an approval, its code instead."""
    code = task.approved.get(request_hash(request))
    reason = {JUSTIFICATION_HEADER: task.justification} if task.justification else {}
    return replace(request, headers={**request.headers, **({APPROVAL_HEADER: code} if code else reason)})


def _remove(task: RestoreTask) -> RequestSteps[RestoreResult]:
    """Remove the policy; one that is gone already counts as removed."""
    target = str(task.target_id)
    try:
        yield from _read_unless_known(task)
    except NotFound:
        return RestoreResult(target, None, [])
    for request in removal_requests(task.policy_type, target, task.live or {}):
        [answer] = yield [_with_approval_headers(task, request)]
        if not isinstance(answer.error, NotFound):
            answer.require_body()
    return RestoreResult(target, None, [])


# "Decoded content … must be no greater than 1024 characters"; fewer, for nobody knows whether they are bytes.
_LONGEST_REASON = 500


def approval_reason_header(reason: str) -> str:
    """Return the reason as Multi Admin Approval takes it, and the portal sends it: base64 of UTF-8. Plain text is
    refused (Micke-K/IntuneManagement, KelvinTegelaar/CIPP).
    """
    text = " ".join(reason.split())[:_LONGEST_REASON]
    return base64.b64encode(text.encode("utf-8", "replace")).decode()


def read_approval_status(code: str) -> RequestSteps[str]:
    """Read the status of an approval: needsApproval, approved, rejected, cancelled, expired or completed
    (learn.microsoft.com: operationApprovalRequest). Raises the answer's error.
    """
    [answer] = yield [paths.join("/deviceManagement/operationApprovalRequests", code)]
    status: Any = answer.require_body().get("status")
    return str(status)
