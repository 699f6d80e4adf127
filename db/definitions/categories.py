"""Categories of settings: the titles from the top down, in one language each."""

from collections.abc import Collection, Mapping, Sequence

from db.clock import utcnow
from db.models import DefinitionCategory
from db.sql import upserts
from db.sql.value_lists import batched

KEY = (DefinitionCategory.category_id, DefinitionCategory.language)


def find_paths(ids: Collection[str], languages: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return {category id: titles from the top down}, each in the first of the languages that has it."""
    found: dict[str, tuple[int, tuple[str, ...]]] = {}
    for some in batched(sorted(ids)):
        is_one = DefinitionCategory.category_id.in_(some) & DefinitionCategory.language.in_(list(languages))
        for row in DefinitionCategory.select().where(is_one):
            place = languages.index(row.language)
            if row.category_id not in found or place < found[row.category_id][0]:
                found[row.category_id] = place, tuple(row.path)
    return {category_id: path for category_id, (_, path) in found.items()}


def all_paths(language: str) -> dict[str, tuple[str, ...]]:
    """Return {category id: titles from the top down} of all that are known in the language."""
    query = DefinitionCategory.select(DefinitionCategory.category_id, DefinitionCategory.path)
    return {
        category_id: tuple(path) for category_id, path in query.where(DefinitionCategory.language == language).tuples()
    }


def save_paths(language: str, paths: Mapping[str, Sequence[str]]) -> None:
    """Save {category id: titles from the top down}; none for a category that Graph does not know."""
    now = utcnow()
    rows = [
        {"category_id": category_id, "language": language, "path": list(path), "asked_at": now}
        for category_id, path in paths.items()
    ]
    renewed = (DefinitionCategory.path, DefinitionCategory.asked_at)
    upserts.insert_or_update(DefinitionCategory, KEY, rows, renewed)
