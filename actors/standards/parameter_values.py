"""Parameters of a standard in one tenant: values, as a person types them, and objects, which are mappings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from actors.facade import object_ids
from actors.standards import linking, object_links
from db.audit.audit import Actor
from db.database import transaction
from db.errors import Invalid
from db.models import StandardAdoption
from db.restores import mappings
from db.restores.mappings import ObjectKey
from db.standards import adoptions
from db.states import ParameterKind
from graph.standards import values


@dataclass(frozen=True)
class ParameterHere:
    """A parameter of a standard, and what it is in one tenant.

    `value`: the tenant's own, or the default. Of an object: its id, and `value_name`; None: nobody has said it, and a
    preview looks for its name. `places`: how many there are in the contents.
    """

    name: str
    kind: ParameterKind
    label: str
    default: Any
    value: Any
    is_own: bool
    places: int
    object_key: ObjectKey | None = None
    value_name: str | None = None


def here(adoption: StandardAdoption) -> list[ParameterHere]:
    """Return the parameters of the versions that the tenant has to do with, each with what it is here."""
    of_versions = linking.versions_of(adoption)
    rows = {str(row["name"]): row for version in of_versions for row in version.parameters or ()}
    known = {(row.kind, row.source_id): row for row in mappings.of_pair(adoption.tenant, adoption.standard.uid)}
    names = object_links.names_of(of_versions)
    return [_here(row, adoption.values or {}, known, names) for row in rows.values()]


def _here(
    row: Mapping[str, Any],
    own: Mapping[str, Any],
    known: Mapping[ObjectKey, Any],
    names: Mapping[ObjectKey, str | None],
) -> ParameterHere:
    name, kind, places = str(row["name"]), ParameterKind(row["kind"]), len(row.get("places") or ())
    if kind != ParameterKind.OBJECT:
        value = own.get(name, row["default"])
        return ParameterHere(name, kind, str(row["label"]), row["default"], value, name in own, places)
    key = (str(row["object"]["kind"]), str(row["object"]["id"]))
    mapped = known.get(key)
    label = str(names.get(key) or row["label"])
    target = mapped.target_id if mapped else None
    return ParameterHere(
        name, kind, label, None, target, mapped is not None, places, key, mapped.target_name if mapped else None
    )


@transaction
def set_here(adoption: StandardAdoption, given: Mapping[str, str], actor: Actor) -> list[str]:
    """Set parameters by their names, as a person types them. Return the labels of those that changed.

    A value that is the default's is none of the tenant's own; of an object it is an id, and an empty one changes
    nothing. Raises Invalid for a name that the standard does not have and a value that may not be; nothing is set then.
    """
    known = {row.name: row for row in here(adoption)}
    unknown = sorted(given.keys() - known.keys())
    if unknown:
        raise Invalid(f"The standard has no parameter “{unknown[0][:80]}”.")
    chosen = [(known[name], text) for name, text in given.items()]
    checked = {row.name: _checked(row, text) for row, text in chosen if row.object_key is None}
    labels = {row.name: row.label for row in known.values()}
    changed = [labels[name] for name in adoptions.set_values(adoption, checked, labels, actor)]
    return changed + _set_objects(adoption, [(row, text.strip()) for row, text in chosen if row.object_key], actor)


def _checked(row: ParameterHere, text: str) -> str | int | None:
    parameter = {"kind": str(row.kind), "label": row.label, "default": row.default}
    try:
        value = values.checked(parameter, text)
    except ValueError as e:
        raise Invalid(str(e)) from e
    return None if value == row.default else value


def _set_objects(adoption: StandardAdoption, chosen: Sequence[tuple[ParameterHere, str]], actor: Actor) -> list[str]:
    changed = [(row, text) for row, text in chosen if text and text != row.value]
    if changed:
        adoptions.mark_due(adoption)
        targets = {row.object_key: text for row, text in changed if row.object_key}
        names = {row.object_key: row.label for row, _ in changed if row.object_key}
        checked = object_ids.checked_targets(targets, names)
        mappings.set_many(adoption.tenant, adoption.standard.uid, checked, actor, names)
    return [row.label for row, _ in changed]


def proposals(
    adoption: StandardAdoption, rows: Sequence[ParameterHere], most: int = 5
) -> dict[str, list[tuple[str, str]]]:
    """Return name -> [(id, name)] of objects of the tenant whose names are like those that nobody has chosen yet."""
    open_rows = {row.object_key: row for row in rows if row.object_key and row.value is None}
    similar = mappings.suggestions(adoption.tenant, {key: row.label for key, row in open_rows.items()}, most)
    return {open_rows[key].name: alike for key, alike in similar.items() if alike}
