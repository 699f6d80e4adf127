"""Object ids that people say, checked: a name or a slip of the pen would be found out only by a restore."""

from collections.abc import Container, Mapping

from db.errors import Invalid
from db.restores.mappings import ObjectKey
from graph.references.object_ids import id_form, is_object_id
from graph.references.references import fold_id

LONGEST_SHOWN = 80


def checked_targets(targets: Mapping[ObjectKey, str], known: Container[ObjectKey]) -> dict[ObjectKey, str]:
    """Return the targets of mappings, each id as Graph spells it. Raises Invalid for what is no id of its kind.

    `known`: the sources that nobody typed; of a standard or an import their ids may be of our own making.
    """
    return {
        (key if key in known else (key[0], _checked(*key))): _checked(key[0], target) for key, target in targets.items()
    }


def _checked(kind: str, text: str) -> str:
    if text and not is_object_id(kind, text):
        raise Invalid(f"“{text[:LONGEST_SHOWN]}” is no object id of this kind. {id_form(kind).rule}")
    return fold_id(text)
