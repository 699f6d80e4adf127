"""The demo's standard: a few of its own policies, followed by two tenants, with one exception and one drift.

It is taken from the tenant where it was tried, as any standard is. Nobody rolled it out yet: that is for who tries the
demo.
"""

from collections.abc import Sequence
from datetime import timedelta

from actors.backups import capture
from actors.queue.enqueue import EnqueuedRun
from actors.standards import comparing, making
from actors.standards.making import VersionChoices
from db.audit.audit import Actor
from db.clock import utcnow
from db.models import Policy, Standard, StandardItem, Tenant
from db.policies import policies, snapshots
from db.standards import adoptions, exceptions, standards, versions
from db.states import ExceptionKind, Ring

# Who makes it, and who approves its exception.
PEOPLE = ("editor", "approver")
NAME = "Workplace basics"
DESCRIPTION = "How every customer begins: updates in two rings, a sign-in that asks for more, devices that are locked."
NOTES = "As it ran at Contoso Health for a year."
PHONES, DRIFTED = "iOS - Restrictions", "Update ring - Broad"
ITEMS = (
    "WIN - Device restrictions",
    "Windows - Baseline",
    "Update ring - Pilot",
    DRIFTED,
    PHONES,
    "CA001 - Require MFA for all users",
)
WHY_NOT = "The phones belong to a partner, who manages them until spring."
ALLOWED_FOR = timedelta(days=120)
MOST_POLICIES = 1000


def make(source: Tenant, follower: Tenant, editor: Actor, approver: Actor) -> None:
    """Make the standard from the first tenant, and let both follow it: one is all in order, one has an exception."""
    standard = standards.create(NAME, DESCRIPTION, editor)
    newest = [snapshots.latest(policy) for policy in policies_named(source, ITEMS)]
    ids = [snapshot.id for snapshot in newest if snapshot is not None]
    version = making.from_snapshots(standard, source, ids, editor, VersionChoices(notes=NOTES))
    for tenant, ring in ((source, Ring.PILOT), (follower, Ring.EARLY)):
        adoptions.adopt(standard, tenant, ring, editor)
    phones = next(item for item in versions.items(version) if item.name == PHONES)
    _except(standard, phones, follower, editor, approver)
    compare(source, follower)


def policies_named(tenant: Tenant, names: Sequence[str]) -> list[Policy]:
    return [policy for policy in policies.present(tenant, MOST_POLICIES) if policy.name in names]


def _except(standard: Standard, item: StandardItem, tenant: Tenant, editor: Actor, approver: Actor) -> None:
    exception = exceptions.ask(
        standard, item.key, ExceptionKind.LEAVE_OUT, WHY_NOT, editor, tenant=tenant, until=utcnow() + ALLOWED_FOR
    )
    exceptions.approve(exception, approver, needs_another=True)


def compare(*tenants: Tenant) -> None:
    """Work out how these tenants stand now."""
    for tenant in tenants:
        for adoption in adoptions.of_tenant(tenant):
            comparing.compare(adoption.id)


def read_drift(tenant: Tenant, actor: Actor) -> list[EnqueuedRun]:
    """Read the policy that somebody has just changed."""
    return [capture.start(policy, actor) for policy in policies_named(tenant, [DRIFTED])]
