"""What a person chose to see: which tenant, which columns. Never a matter of access."""

from typing import Any

from db.models import Preference


def of_user(user_id: int) -> dict[str, Any]:
    rows = Preference.select(Preference.name, Preference.value).where(Preference.user == user_id)
    return dict(rows.tuples())


def put(user_id: int, name: str, value: Any) -> None:
    Preference.insert(user=user_id, name=name, value=value).on_conflict(
        conflict_target=[Preference.user, Preference.name], update={Preference.value: value}
    ).execute()


def forget(user_id: int, name: str) -> None:
    Preference.delete().where((Preference.user == user_id) & (Preference.name == name)).execute()
