"""A person's choice of what to see: which tenant, which columns. It never decides about access."""

from typing import Any

from db.models import Preference
from db.sql import upserts


def of_user(user_id: int) -> dict[str, Any]:
    rows = Preference.select(Preference.name, Preference.value).where(Preference.user == user_id)
    return dict(rows.tuples())


def save(user_id: int, name: str, value: Any) -> None:
    row = {"user": user_id, "name": name, "value": value}
    upserts.insert_or_update(Preference, (Preference.user, Preference.name), [row], [Preference.value])


def remove(user_id: int, name: str) -> None:
    Preference.delete().where((Preference.user == user_id) & (Preference.name == name)).execute()
