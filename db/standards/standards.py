"""Standards themselves: made, described, archived. What they hold is in their versions."""

import uuid
from collections.abc import Mapping
from typing import Any

import peewee as pw

from db.audit import audit
from db.audit.audit import Action, Actor
from db.clock import utcnow
from db.database import database, lock_rows, transaction
from db.errors import Invalid
from db.models import Standard

LONGEST_NAME, LONGEST_DESCRIPTION = 120, 1000
# What may be set of a standard's roll-outs -> (the least, the most).
LIMITS: Mapping[str, tuple[int, int]] = {
    "soak_days": (0, 90),
    "look_days": (0, 90),
    "stop_percent": (0, 100),
    "at_once": (1, 50),
}


def create(name: str, description: str, actor: Actor) -> Standard:
    """Make a standard without a version. Raises Invalid for a name that is missing, too long or taken."""
    name, description = _checked_name(name), _checked_description(description)
    with database.atomic():
        _refuse_taken(name)
        try:
            made: Standard = Standard.create(
                name=name, uid=str(uuid.uuid4()), description=description, created_by=actor.user_id
            )
        except pw.IntegrityError as e:
            raise _taken(name) from e
        audit.record(Action.STANDARD_CREATED, actor, subject(made), name=name)
    return made


def subject(standard: Standard) -> str:
    """Return what the audit log calls it."""
    return f"standard {standard.id}"


def of_uid(uid: str) -> Standard | None:
    """Return the standard that stands for this directory; None for any other directory."""
    found: Standard | None = Standard.get_or_none(Standard.uid == uid)
    return found


def find_by_id(standard_id: int) -> Standard | None:
    standard: Standard | None = Standard.get_or_none(Standard.id == standard_id)
    return standard


def of_name(name: str) -> Standard | None:
    found: Standard | None = Standard.get_or_none(Standard.name == _tidy(name))
    return found


def listed(*, with_archived: bool = False) -> list[Standard]:
    """Return the standards by name; those in use first."""
    query = Standard.select().order_by(Standard.archived_at.is_null(False), Standard.name)
    return list(query if with_archived else query.where(Standard.archived_at.is_null()))


@transaction
def change(standard: Standard, actor: Actor, **values: Any) -> None:
    """Change its name, description or numbers (LIMITS). Raises Invalid, and changes nothing then."""
    checked = {name: _checked(name, value) for name, value in values.items()}
    lock_rows(Standard, Standard.id == standard.id)
    now = Standard.get_by_id(standard.id)
    changed = sorted(name for name, value in checked.items() if getattr(now, name) != value)
    if not changed:
        return
    if "name" in changed:
        _refuse_taken(checked["name"])
    Standard.update(checked).where(Standard.id == standard.id).execute()
    audit.record(Action.STANDARD_CHANGED, actor, subject(standard), name=str(now.name), changed=changed)


@transaction
def archive(standard: Standard, actor: Actor) -> None:
    """Let nobody begin to follow it any more. Raises Invalid where somebody has done so already."""
    _set_archived(standard, is_archived=True, actor=actor)


@transaction
def take_up_again(standard: Standard, actor: Actor) -> None:
    """Let tenants follow an archived standard again. Raises Invalid where it is not archived."""
    _set_archived(standard, is_archived=False, actor=actor)


def require_in_use(standard: Standard) -> None:
    """Raise Invalid for an archived standard."""
    if standard.archived_at is not None:
        raise Invalid(f"“{standard.name}” is archived. Take it up again first.")


def _set_archived(standard: Standard, *, is_archived: bool, actor: Actor) -> None:
    was = Standard.archived_at.is_null(is_archived)
    values = {Standard.archived_at: utcnow() if is_archived else None}
    if Standard.update(values).where((Standard.id == standard.id) & was).execute() != 1:
        raise Invalid("It is archived already." if is_archived else "It is not archived.")
    action = Action.STANDARD_ARCHIVED if is_archived else Action.STANDARD_TAKEN_UP
    audit.record(action, actor, subject(standard), name=str(standard.name))


def _checked(name: str, value: Any) -> Any:
    if name == "name":
        return _checked_name(value)
    if name == "description":
        return _checked_description(value)
    least, most = LIMITS[name]
    try:
        number = int(str(value).strip())
    except ValueError:
        raise Invalid(f"“{str(value)[:40]}” is no number.") from None
    if not least <= number <= most:
        raise Invalid(f"{number} is out of range: give a number from {least} to {most}.")
    return number


def _tidy(text: str) -> str:
    return " ".join(str(text).replace("\x00", "").split())


def _checked_name(name: str) -> str:
    name = _tidy(name)
    if not name:
        raise Invalid("Give the standard a name.")
    if len(name) > LONGEST_NAME:
        raise Invalid(f"A standard's name may have {LONGEST_NAME} characters; this has {len(name)}.")
    return name


def _checked_description(text: str) -> str:
    text = str(text).replace("\x00", "").strip()
    if len(text) > LONGEST_DESCRIPTION:
        raise Invalid(f"A description may have {LONGEST_DESCRIPTION:,} characters; this has {len(text):,}.")
    return text


def _refuse_taken(name: str) -> None:
    if Standard.select().where(Standard.name == name).exists():
        raise _taken(name)


def _taken(name: str) -> Invalid:
    return Invalid(f"There is a standard “{name}” already. Choose another name.")
