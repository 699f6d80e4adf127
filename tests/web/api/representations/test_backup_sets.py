"""A backup set says what was asked for."""

from db.models import BackupSet
from web.api.representations import backup_sets


def test_a_set_says_what_was_asked_for_and_that_it_holds_nothing_yet(cast):
    facts = {"tenant": cast.contoso, "types": {"a": {"state": "pending", "listed": 0, "message": None}}, "problems": []}
    some = BackupSet.create(selection={"policy_types": ["a"]}, **facts)
    document = backup_sets.whole(BackupSet.get_by_id(some.id))
    assert (document["policy_types"], document["policies"], document["items"]) == (["a"], None, 0)
    assert document["types"][0]["outcomes"] == {}
