"""Microsoft's words for a setting, as a tenant answers them to the catalogue."""

from db.definitions import definitions


def row(definition_id, title, version="1", **values):
    """Return the definition as `save_answers` takes it."""
    words = {"description": "", "category_id": "", "options": {}, "unit": "", "minimum": None, "maximum": None,
             "is_secret": False}  # fmt: skip
    of_it = {"definition_id": definition_id, "spelling": definition_id, "catalogue": "configuration"}
    return {**of_it, "title": title, "version": version, **words, **values}


def know(definition_id, title, **values):
    """Have the catalogue know the setting in English."""
    definitions.save_answers("en", [row(definition_id, title, **values)], set())
