"""Rows that may be there already are renewed or left, and take no id."""

from db.models import Preference
from db.schema import row_ids
from db.sql import upserts

KEY = (Preference.user, Preference.name)


def row(cast, name, value):
    return {"user": cast.ada.id, "name": name, "value": value}


def values():
    return dict(Preference.select(Preference.name, Preference.value).tuples())


def test_known_rows_are_renewed_and_new_ones_inserted(cast):
    upserts.insert_or_update(Preference, KEY, [row(cast, "a", 1), row(cast, "b", 1)], [Preference.value])
    upserts.insert_or_update(Preference, KEY, [row(cast, "b", 2), row(cast, "c", 2)], [Preference.value])
    assert values() == {"a": 1, "b": 2, "c": 2}


def test_missing_rows_are_inserted_and_known_ones_left(cast):
    upserts.insert_missing(Preference, KEY, [row(cast, "a", 1)])
    upserts.insert_missing(Preference, KEY, [row(cast, "a", 2), row(cast, "b", 2)])
    assert values() == {"a": 1, "b": 2}


def test_known_rows_spend_no_ids(cast):
    upserts.insert_or_update(Preference, KEY, [row(cast, "a", 1)], [Preference.value])
    before = row_ids.last_given_id(Preference)
    for number in range(5):
        upserts.insert_or_update(Preference, KEY, [row(cast, "a", number)], [Preference.value])
        upserts.insert_missing(Preference, KEY, [row(cast, "a", number)])
    assert row_ids.last_given_id(Preference) == before
