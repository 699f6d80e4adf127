"""Telling that backup sets, a whole tenant, or its copies elsewhere will be deleted.

It is told in the audit log, and by the channels of notices.
"""

from datetime import datetime

from db.accounts import users
from db.audit import audit
from db.audit.audit import Action, Actor
from db.backups.deletions import NewDeletions
from db.copies import erasures
from db.database import database
from db.models import CopyErasure, Run, Tenant, User
from db.notices import occurrences
from db.states import NoticeEvent, Role

# So many of the sets are named in the audit log.
NAMED = 20


def announce_sets(tenant: Tenant, new: NewDeletions, run: Run, actor: Actor) -> None:
    due_at, count = new.due_at.isoformat(), len(new.set_ids)
    with database.atomic():
        facts = {"count": count, "due_at": due_at, "run": run.id, "sets": list(new.set_ids[:NAMED])}
        audit.record_of_tenant(Action.SETS_TO_GO, actor, tenant, **facts)
        about = {"count": count, "due_at": due_at}
        occurrences.begin(NoticeEvent.DELETION_DUE, f"deletion:{tenant.id}:run {run.id}", tenant, facts=about)


def announce_tenant(tenant: Tenant, due_at: datetime, actor: Actor) -> None:
    audit.record_of_tenant(Action.TENANT_TO_GO, actor, tenant, due_at=due_at.isoformat())
    occurrences.begin(
        NoticeEvent.DELETION_DUE,
        f"deletion:{tenant.id}:tenant {due_at.isoformat()}",
        tenant,
        facts={"due_at": due_at.isoformat()},
    )


def announce_erasure(erasure: CopyErasure, actor: Actor) -> None:
    due_at = erasure.due_at.isoformat()
    erasures.record(Action.COPIES_TO_GO, actor, erasure, due_at=due_at)
    about = {"copies_of": erasure.tenant_name, "store": erasure.store.name, "store_id": erasure.store_id}
    about |= {"due_at": due_at}
    occurrences.begin(NoticeEvent.DELETION_DUE, f"deletion:copies {erasure.id} {due_at}", facts=about)


def managers(tenant: Tenant) -> list[User]:
    """Return who may take it back: the tenant's managers, and where it has none the admins."""
    of_tenant = [member.user for member in users.members_of_tenant(tenant) if member.role == Role.MANAGER]
    return of_tenant or users.admins()
