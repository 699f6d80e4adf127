"""Four eyes: a tenant may ask that somebody other than its requesters approves a restore before it writes.

Its requesters are all who decided a part of what it writes. A restore keeps the stricter rules: those of when it was
requested and those of now.
"""

from collections.abc import Sequence
from typing import Any

from db.audit.audit import Actor
from db.database import lock_rows
from db.errors import Invalid
from db.models import Mapping, Restore, RestoreRequester, Tenant, User
from db.sql import upserts
from db.sql.value_lists import is_in
from db.states import CHANGEABLE, RestoreState

BreakGlass = list[dict[str, str]]

ASKED_FOR_IT, CHANGED_OPTIONS, CHANGED_ITEMS = "asked for it", "changed its options", "left policies out"
OVERRODE_GUARD = "overrode the Conditional Access guard"
SET_MAPPING, REMOVED_MAPPING = "set a mapping that it uses", "removed a mapping"
CHANGED_LIST = "changed the break-glass list meanwhile"


def is_required(restore: Restore) -> bool:
    """Return whether the tenant asks for a second approval now, or did when the restore was requested."""
    return bool(restore.asks_four_eyes or _tenant(restore).four_eyes)


def break_glass_list(restore: Restore) -> BreakGlass:
    """Return whom the restore must not lock out: the entries of when it was requested, and those of now."""
    entries = [*(restore.break_glass or ()), *(_tenant(restore).break_glass or ())]
    return list({(entry["kind"], entry["id"]): entry for entry in entries}.values())


def _tenant(restore: Restore) -> Tenant:
    tenant: Tenant = Tenant.get_by_id(restore.tenant_id)
    return tenant


def rules_as_columns(restore: Restore) -> dict[str, Any]:
    """Return the rules that the restore keeps from now on, as columns of its row. The restore is locked."""
    restore = Restore.get_by_id(restore.id)
    return {"asks_four_eyes": is_required(restore), "break_glass": break_glass_list(restore) or None}


def record_requester(restore_ids: Sequence[int], actor: Actor | User | None, act: str) -> None:
    """Record that this person decided a part of each restore.

    Commands are nobody's: whoever may give them has the server.
    """
    user_id = actor.id if isinstance(actor, User) else actor and actor.user_id
    if user_id is not None:
        rows = [{"restore": restore_id, "user": user_id, "act": act} for restore_id in restore_ids]
        upserts.insert_missing(
            RestoreRequester, (RestoreRequester.restore, RestoreRequester.user, RestoreRequester.act), rows
        )


def record_requester_of_open(of_restores: Any, actor: Actor | User, act: str) -> None:
    """Record the requester of those restores matching the condition that may yet be executed."""
    open_ones = of_restores & Restore.state.in_(CHANGEABLE)
    lock_rows(Restore, open_ones)
    record_requester([row.id for row in Restore.select(Restore.id).where(open_ones).order_by(Restore.id)], actor, act)


def inherit_requesters(restore: Restore, former: Restore) -> None:
    """Make everybody who decided a part of `former` a requester of the restore that is made from it."""
    for user_id, acts in acts_by_user(former).items():
        record_requester([restore.id], User.get_by_id(user_id), f"{acts[0]} ({former})")


def acts_by_user(restore: Restore) -> dict[int, list[str]]:
    """Return user id -> what they did.

    A restore from before this was recorded knows who made it and who changed it last.
    """
    rows = RestoreRequester.select(RestoreRequester.id, RestoreRequester.user, RestoreRequester.act)
    # Sorted here: to sort by id, a database may go along all of them by id.
    acts = [(user, act) for _, user, act in sorted(rows.where(RestoreRequester.restore == restore).tuples())]
    acts += [(restore.created_by_id, ASKED_FOR_IT), (restore.changed_by_id, CHANGED_OPTIONS)] if not acts else []
    acts += [(mapping.set_by_id, SET_MAPPING) for mapping in mappings_used(restore)]
    acts_of_users: dict[int, list[str]] = {}
    for user_id, act in acts:
        if user_id is not None and act not in acts_of_users.setdefault(user_id, []):
            acts_of_users[user_id].append(act)
    return acts_of_users


def mappings_used(restore: Restore) -> list[Mapping]:
    """Return the mappings that the restore's plan was made with, as they are now."""
    keys = {(kind, source) for kind, source, _ in restore.mappings_used or ()}
    rows = Mapping.select().where(
        (Mapping.tenant == restore.tenant_id)
        & (Mapping.source_directory_id == restore.source_directory_id)
        & is_in(Mapping.source_id, [source for _, source in keys])
    )
    return [mapping for mapping in rows if (mapping.kind, mapping.source_id) in keys]


def requesters(restore: Restore) -> frozenset[int]:
    """Return the ids of all who decided a part of what it writes: none of them is another pair of eyes."""
    of_before = {restore.created_by_id, restore.changed_by_id} - {None}
    return frozenset(acts_by_user(restore)) | frozenset(of_before)


def has_approved(restore: Restore) -> bool:
    """Return whether somebody who is no requester approved just this plan.

    Its requester may have approved it as well, while the tenant did not ask for four eyes.
    """
    is_this_plan = restore.approved_fingerprint is not None and restore.approved_fingerprint == restore.planned_mark
    is_anothers = restore.approved_by_id is not None and restore.approved_by_id not in requesters(restore)
    return is_this_plan and is_anothers


def require_approval(restore: Restore) -> None:
    """Raises Invalid for a restore that only its requester has approved. The restore is locked."""
    now = Restore.get_by_id(restore.id)
    if is_required(now) and now.state == RestoreState.APPROVED and not has_approved(now):
        raise Invalid(
            "This tenant asks for a second approval by now. Preview it again: another manager has to approve it."
        )


def refuse_requester(restore: Restore, user_id: int | None) -> None:
    """Raises Invalid when this person is a requester, and says what they did. The restore is locked."""
    restore = Restore.get_by_id(restore.id)
    if not is_required(restore) or user_id not in requesters(restore):
        return
    acts = " and ".join(acts_by_user(restore).get(user_id or 0, [])) or ASKED_FOR_IT
    raise Invalid(
        f"This tenant asks for a second approval: somebody other than you has to approve this, for you {acts}."
    )
