"""Asking to delete what a store of copies has of a tenant that is no longer here, and taking that back.

It waits and is told as the removal of a tenant is: who may do everything here makes no copy vanish unseen.
"""

from datetime import timedelta

from db.audit.audit import Actor
from db.clock import utcnow
from db.copies import erasures, stores
from db.database import database
from db.errors import Invalid
from db.housekeeping import deletion_notices
from db.models import CopyErasure, CopyStore, Tenant

GIT_KEEPS = (
    "A Git repository keeps its history: a commit that removes the tenant’s folder would leave all of it there. Write "
    "the history anew with the repository’s own tools, as docs/copies.md shows."
)


def request(store: CopyStore, directory_id: str, actor: Actor, days: int) -> CopyErasure:
    """Ask to delete what the store has of the tenant, in so many days. Raises Invalid.

    What the store locks for longer goes when its lock ends: nobody can delete it before.
    """
    if stores.is_git(store.address):
        raise Invalid(GIT_KEEPS)
    tenant = Tenant.get_or_none(Tenant.directory_id == directory_id)
    if tenant is not None:
        raise Invalid(f"{tenant.name} is in this installation. Remove the tenant first; its copies stay until then.")
    removed = erasures.removed_tenant(store, directory_id)
    if removed is None:
        raise Invalid(f"Nothing of a tenant “{directory_id[:40]}” is on record in {store.name}.")
    with database.atomic():
        facts = {"tenant_name": removed.name, "requested_by": actor.user_id, "due_at": utcnow() + timedelta(days=days)}
        erasure, is_new = CopyErasure.get_or_create(store=store, directory_id=directory_id, defaults=facts)
        if is_new:
            deletion_notices.announce_erasure(erasure, actor)
    return erasure


def take_back(store: CopyStore, directory_id: str, actor: Actor) -> None:
    """Take the request back; what is gone by now stays gone. Raises Invalid when there is none."""
    erasure = erasures.find(store, directory_id)
    if erasure is None:
        raise Invalid(f"Nothing of a tenant “{directory_id[:40]}” waits for its deletion in {store.name}.")
    erasures.take_back(erasure, actor)
