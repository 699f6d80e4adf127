"""One fingerprint of everything that decides what a restore writes: docs/decisions/0012-plan-fingerprint.md.

It is made of the fingerprints of seven parts, so that a refusal can say which part is another one.
"""

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import peewee as pw

from db.errors import Invalid
from db.models import Content, Restore, RestoreItem, Tenant, User
from db.restores import four_eyes
from db.sql.value_lists import is_in

# (kind, id in the source, id in the target)
UsedMapping = tuple[str, str, str]

# Part -> how a sentence names it.
PART_TITLES = {
    "options": "its options",
    "policies": "its policies, or their plans",
    "mappings": "a mapping that it uses",
    "break_glass": "the break-glass list",
    "guard": "the override of the Conditional Access guard",
    "four_eyes": "whether four eyes are asked for",
    "tenants": "where it is from, or goes to",
}
# Shown nowhere. A page shows the fingerprint, which is made from the tenant's policies too: whoever knows one of these
# but for a password in it could try passwords against it.
SALT = "salt"
# Columns for notes of a live run, and the snapshot, which may be pruned. Every other column is of the plan, also one
# that is added later.
NOT_OF_THE_PLAN = frozenset(
    {
        "restore",
        "snapshot",
        "created_id",
        "outcome",
        "after_mark",
        "verified",
        "safety_snapshot",
        "seen_content",
        "seen_at",
        "undelete_refusal",
    }
)
# A seal that belongs to another fingerprint does not open; and a content may move to another row.
BY_FINGERPRINT = ("content", "live_content")
EARLIER_VERSION = (
    "It was previewed by an earlier version of Tenantkeep, which did not bind everything that decides what is written. "
    "Preview it again."
)


def short_fingerprint(fingerprint: str | None) -> str:
    """Return as much of the fingerprint as two people compare on the phone."""
    return " ".join((fingerprint or "")[begin : begin + 4] for begin in (0, 4, 8)).strip()


def save(
    restore: Restore,
    used: Iterable[UsedMapping],
    break_glass: Sequence[Mapping[str, str]],
    decided_by: Iterable[int] = (),
) -> None:
    """Save what a preview has just planned with: `restore` as it was then, its items as they are now.

    `decided_by`: who set mappings of the source's own that led to those used.
    """
    in_order = sorted(set(used))
    of_parts = {**_part_fingerprints(restore, in_order, break_glass), SALT: secrets.token_hex(16)}
    Restore.update(mappings_used=in_order, **_as_columns(of_parts)).where(Restore.id == restore.id).execute()
    _record_who_mapped(restore)
    for user in User.select().where(is_in(User.id, sorted(decided_by))):
        four_eyes.record_requester([restore.id], user, four_eyes.SET_MAPPING)


def _record_who_mapped(restore: Restore) -> None:
    for mapping in four_eyes.mappings_used(Restore.get_by_id(restore.id)):
        four_eyes.record_requester([restore.id], mapping.set_by, four_eyes.SET_MAPPING)


def renew_guard(restore: Restore) -> None:
    """Save the fingerprint again after the guard was overridden, which is noted in `restore` and in its row already."""
    of_parts = {**restore.plan_parts, "guard": _fingerprint(_guard_part(restore))}
    Restore.update(**_as_columns(of_parts)).where(Restore.id == restore.id).execute()


def _as_columns(of_parts: dict[str, str]) -> dict[str, Any]:
    return {"plan_parts": of_parts, "planned_mark": _fingerprint(of_parts)}


def refusal(restore: Restore) -> str:
    """Return why nothing may be written by the plan, or "" while it is as its preview saved it.

    The restore is locked; everything is read anew.
    """
    now = Restore.get_by_id(restore.id)
    if not now.planned_mark or not now.plan_parts:
        return EARLIER_VERSION
    parts = _part_fingerprints(now, _mappings_now(now), four_eyes.break_glass_list(now)) | _salt_of(now)
    otherwise = [title for part, title in PART_TITLES.items() if parts[part] != now.plan_parts.get(part)]
    if not otherwise and _fingerprint(parts) == now.planned_mark:
        return ""
    named = ", ".join(otherwise) or "the fingerprint itself"
    return f"Otherwise than when it was previewed: {named}. Preview it again."


def require_unchanged(restore: Restore) -> None:
    """Raises Invalid when the plan is no longer the one that its preview saved. The restore is locked."""
    why_not = refusal(restore)
    if why_not:
        raise Invalid(why_not)


def _salt_of(restore: Restore) -> dict[str, str]:
    return {SALT: restore.plan_parts[SALT]} if SALT in restore.plan_parts else {}


def _part_fingerprints(
    restore: Restore, used: Iterable[Sequence[str | None]], break_glass: Sequence[Mapping[str, str]]
) -> dict[str, str]:
    target = Tenant.get_by_id(restore.tenant_id)
    parts = {
        "options": restore.options,
        "policies": _policies_part(restore),
        "mappings": [list(mapping) for mapping in used],
        "break_glass": sorted([entry["kind"], entry["id"]] for entry in break_glass),
        "guard": _guard_part(restore),
        "four_eyes": four_eyes.is_required(restore),
        "tenants": [restore.source_directory_id, target.directory_id, target.id],
    }
    return {part: _fingerprint(value) for part, value in parts.items()}


def _fingerprint(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _guard_part(restore: Restore) -> list[Any]:
    return [restore.guard_reason, restore.guard_by_id]


def _policies_part(restore: Restore) -> list[dict[str, Any]]:
    """Return every column of the plan, of every item."""
    live = Content.alias()
    left_out = NOT_OF_THE_PLAN | set(BY_FINGERPRINT)
    plain = [field for field in RestoreItem._meta.sorted_fields if field.name not in left_out]
    rows = (
        RestoreItem.select(*plain, Content.fingerprint, live.fingerprint)
        .join(Content, pw.JOIN.LEFT_OUTER, on=RestoreItem.content)
        .join_from(RestoreItem, live, pw.JOIN.LEFT_OUTER, on=(live.id == RestoreItem.live_content))
        .where(RestoreItem.restore == restore)
        .order_by(RestoreItem.id)
    )
    names = [*(field.name for field in plain), *BY_FINGERPRINT]
    return [dict(zip(names, row, strict=True)) for row in rows.tuples()]


def _mappings_now(restore: Restore) -> list[list[str | None]]:
    """Return the mappings that the plan was made with, each with its target of now."""
    targets = {(mapping.kind, mapping.source_id): mapping.target_id for mapping in four_eyes.mappings_used(restore)}
    return [[kind, source, targets.get((kind, source))] for kind, source, _ in restore.mappings_used or ()]
