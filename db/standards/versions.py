"""Versions of standards: made once, never changed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from db.audit import audit
from db.audit.audit import Action, Actor
from db.database import database, lock_rows
from db.errors import Invalid
from db.models import Standard, StandardContent, StandardItem, StandardVersion, Tenant, User
from db.sql.value_lists import batched, is_in
from db.standards import cells, contents, standards
from db.states import StandardSource

LONGEST_NOTES = 4000
# More than any public baseline has, and what a matrix of a thousand tenants still shows.
MOST_ITEMS = 500
# Contents are sealed and written in such parts.
_SAVED_AT_ONCE = 50


@dataclass(frozen=True)
class NewItem:
    """An item of a version to be made. `mark`: the fingerprint of its content among the contents."""

    key: str
    policy_type: str
    name: str
    mark: str
    references: Mapping[str, Any]


@dataclass(frozen=True)
class NewVersion:
    """A version to be made. `contents`: by their fingerprints; `based_on`: the number of the version before it."""

    source: StandardSource
    source_name: str
    notes: str
    items: Sequence[NewItem]
    contents: Mapping[str, Mapping[str, Any]]
    parameters: Sequence[Mapping[str, Any]] = ()
    based_on: int | None = None
    source_tenant: Tenant | None = None
    with_assignments: bool = True
    # The number of the newest version that whoever makes it has seen.
    after: int = field(default=0)


def make(standard: Standard, new: NewVersion, actor: Actor) -> StandardVersion:
    """Make the next version. Raises Invalid, also where somebody made one meanwhile that this one has not seen."""
    notes = _checked_notes(new.notes)
    standards.require_in_use(standard)
    if not new.items:
        raise Invalid("A version needs at least one policy.")
    if len(new.items) > MOST_ITEMS:
        raise Invalid(f"A version may have {MOST_ITEMS:,} policies, and this has {len(new.items):,}.")
    ids: dict[str, int] = {}
    for marks in batched(sorted(new.contents), _SAVED_AT_ONCE):
        ids |= contents.save(standard, {mark: new.contents[mark] for mark in marks})
    with database.atomic():
        lock_rows(Standard, Standard.id == standard.id)
        cells.mark_due(standard_id=standard.id)
        before = newest(standard)
        number = before.number if before else 0
        if number != new.after:
            raise Invalid(f"Version {number} was made meanwhile. Look at it, and begin again from there.")
        version: StandardVersion = StandardVersion.create(
            standard=standard,
            number=number + 1,
            notes=notes,
            source=new.source,
            source_tenant=new.source_tenant,
            source_name=new.source_name[:255],
            based_on=new.based_on,
            with_assignments=new.with_assignments,
            parameters=[dict(parameter) for parameter in new.parameters],
            item_count=len(new.items),
            made_by=actor.user_id,
        )
        _add_items(version, new.items, ids)
        facts = {"name": str(standard.name), "version": version.number, "items": len(new.items)}
        audit.record(
            Action.STANDARD_VERSION_MADE,
            actor,
            standards.subject(standard),
            tenant=new.source_tenant,
            source=version.source_name,
            **facts,
        )
    return version


def _add_items(version: StandardVersion, items: Sequence[NewItem], content_ids: Mapping[str, int]) -> None:
    rows = [
        {
            "version": version.id,
            "position": position,
            "key": item.key,
            "policy_type": item.policy_type,
            "name": item.name[:1000],
            "content": content_ids[item.mark],
            "references": dict(item.references),
        }
        for position, item in enumerate(items)
    ]
    for some in batched(rows, 200):
        StandardItem.insert_many(some).execute()


def _checked_notes(notes: str) -> str:
    notes = str(notes).replace("\x00", "").replace("\r\n", "\n").strip()
    if len(notes) > LONGEST_NOTES:
        raise Invalid(f"Notes may have {LONGEST_NOTES:,} characters; these have {len(notes):,}.")
    return notes


def newest(standard: Standard) -> StandardVersion | None:
    """Return the version that was made last; None where there is none yet."""
    query = StandardVersion.select().where(StandardVersion.standard == standard)
    found: StandardVersion | None = query.order_by(StandardVersion.number.desc()).first()
    return found


def newest_numbers(standard_ids: Iterable[int]) -> dict[int, StandardVersion]:
    """Return standard id -> its newest version, for those that have one."""
    rows = StandardVersion.select().where(is_in(StandardVersion.standard, list(standard_ids)))
    return {row.standard_id: row for row in rows.order_by(StandardVersion.number)}


def of_number(standard: Standard, number: int) -> StandardVersion | None:
    is_it = (StandardVersion.standard == standard) & (StandardVersion.number == number)
    found: StandardVersion | None = StandardVersion.get_or_none(is_it)
    return found


def newest_first(standard: Standard, limit: int, offset: int = 0) -> list[StandardVersion]:
    """Return a page of its versions, each with who made it and the tenant that it is from."""
    query = (
        StandardVersion.select(StandardVersion, User, Tenant)
        .left_outer_join(User)
        .switch(StandardVersion)
        .left_outer_join(Tenant)
        .where(StandardVersion.standard == standard)
        .order_by(StandardVersion.number.desc())
    )
    return list(query.limit(limit).offset(offset))


def items(version: StandardVersion) -> list[StandardItem]:
    """Return its items in their order. No content is read."""
    return list(StandardItem.select().where(StandardItem.version == version).order_by(StandardItem.position))


def find_item(version: StandardVersion, key: str) -> StandardItem | None:
    found: StandardItem | None = StandardItem.get_or_none((StandardItem.version == version) & (StandardItem.key == key))
    return found


def read(item: StandardItem) -> dict[str, Any]:
    """Return the item's document: {"body": {...}, "assignments": [...] or None}. Raises SealError."""
    return contents.open_content(StandardContent.get_by_id(item.content_id))


def read_all(version: StandardVersion) -> dict[str, dict[str, Any]]:
    """Return item key -> document of every item. Raises SealError."""
    rows = StandardItem.select(StandardItem.key, StandardItem.content, StandardContent).join(StandardContent)
    return {row.key: contents.open_content(row.content) for row in rows.where(StandardItem.version == version)}
