"""The settings that policies set: table PolicySetting, and the names of the settings in KnownSetting."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from db.definitions import definitions
from db.models import KnownSetting, PolicySetting
from db.sql.inserts import insert_rows
from db.sql.value_lists import batched, is_in

LONGEST_TITLE = 300
ENGLISH = "en"


@dataclass(frozen=True)
class IndexedSetting:
    """A setting that a policy sets: its key, its name in words, and its row's columns (PolicySetting)."""

    key: str
    title: str
    mark: str | None
    value: str | None
    may_conflict: bool = False


def replace(tenants: Mapping[int, int], settings: Mapping[int, Sequence[IndexedSetting]]) -> None:
    """Replace the rows of policies (policy id -> settings; `tenants`: policy id -> tenant id), in few statements."""
    ids = _ids_of_settings(setting for of_policy in settings.values() for setting in of_policy)
    PolicySetting.delete().where(PolicySetting.policy.in_(sorted(settings))).execute()
    rows = (
        {
            "tenant": tenants[policy_id],
            "policy": policy_id,
            "setting": ids[setting.key],
            "mark": setting.mark,
            "value": setting.value,
            "may_conflict": setting.may_conflict,
        }
        for policy_id in sorted(settings)
        for setting in settings[policy_id]
    )
    insert_rows(PolicySetting, rows)


def take_titles(ids: Iterable[str]) -> None:
    """Call known settings as Microsoft's definitions do by now, those with these ids."""
    titles = {row.definition_id: row.title for row in definitions.find_known(set(ids), [ENGLISH])}
    for some in batched(sorted(titles)):
        for setting in KnownSetting.select().where(KnownSetting.key.in_(some)).order_by(KnownSetting.id):
            row = _new_row(setting.key, titles[setting.key])
            if row["title"] and row["title"] != setting.title:
                KnownSetting.update(row).where(KnownSetting.id == setting.id).execute()


def _ids_of_settings(settings: Iterable[IndexedSetting]) -> dict[str, int]:
    """Return key -> id of known settings, making those that are not known yet, in the order of their keys."""
    titles = {setting.key: setting.title for setting in settings}
    known = _known_ids(titles)
    new = sorted(titles.keys() - known.keys())
    if not new:
        return known
    titles |= {row.definition_id: row.title for row in definitions.find_known(new, [ENGLISH]) if row.title}
    for some in batched(new):
        KnownSetting.insert_many([_new_row(key, titles[key]) for key in some]).on_conflict_ignore().execute()
    return known | _known_ids(new)


def _new_row(key: str, title: str) -> dict[str, str]:
    short = title[:LONGEST_TITLE]
    return {"key": key, "title": short, "folded": folded(short, key)}


def folded(title: str, key: str) -> str:
    """Return what a search looks in: the title and the id, in small letters."""
    return f"{title.casefold()}\n{key}"


def _known_ids(keys: Iterable[str]) -> dict[str, int]:
    query = KnownSetting.select(KnownSetting.key, KnownSetting.id)
    return dict(query.where(is_in(KnownSetting.key, list(keys))).tuples())
