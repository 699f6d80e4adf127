"""Multi Admin Approval in the tenant: what became of the writes that a second admin has to approve."""

from collections.abc import Sequence

from actors.restores.outcomes import OutcomeRecorder
from db.models import Write
from db.recovery import write_log
from db.states import ItemState, Outcome, WriteState
from graph.errors import GraphError
from graph.restore.executor import read_approval_status
from graph.transport.batch_driver import drive
from graph.transport.client import GraphClient

_APPROVALS_URL = "https://intune.microsoft.com/#view/Microsoft_Intune_DeviceSettings/MultiAdminApprovalMenu/~/requests"
_REFUSED_STATUSES = ("rejected", "cancelled", "expired")


def read_decisions(graph: GraphClient, waiting: Sequence[Write], recorder: OutcomeRecorder) -> dict[str, str]:
    """Ask the tenant what became of writes that await an approval, and record it.

    Return what may be sent now: the hash of the request -> the code of its approval.
    """
    statuses = drive(graph, {write.id: read_approval_status(str(write.approval)) for write in waiting})
    for write in waiting:
        _record(write, statuses[write.id], recorder)
    return {write.request_mark: str(write.approval) for write in waiting if statuses[write.id] == "approved"}


def _record(write: Write, status: str | GraphError, recorder: OutcomeRecorder) -> None:
    if status == "approved":
        return  # it is sent again, and ends like any other
    if status in _REFUSED_STATUSES:
        _record_refusal(write, str(status), recorder)
    elif status == "completed":
        write_log.settle(write, WriteState.FOUND)
        recorder.record_completed(write)
    else:
        recorder.wait_for_approval(write)


def _record_refusal(write: Write, status: str, recorder: OutcomeRecorder) -> None:
    where = f"{_APPROVALS_URL} (request {write.approval})"
    message = f"Multi Admin Approval: the request was {status} in the tenant ({where})."
    write_log.settle(write, WriteState.REFUSED)
    if write.item_id in recorder.settled:
        return  # by another of its requests, refused as well
    recorder.finish_item(write.item, ItemState.SKIPPED, Outcome.BLOCKED, "approval_refused", message)
