"""Comparisons of many snapshots at once."""

import pytest

from actors.facade import snapshot_diff
from db.audit.audit import SYSTEM
from db.database import database
from db.definitions import definitions
from db.models import Content, Policy, Snapshot
from db.policies import snapshots
from tests.support.captures import capture_by_hand
from tests.support.definitions import row

CAMERA, PHONE, VALUE = "device_vendor_msft_camera", "device_vendor_msft_phone", "simpleSettingValue"


def changed(policy, setting_id):
    """Return two captures of the policy that set a setting to 1, and to 2."""
    kept = []
    for value in (1, 2):
        instance = {"settingDefinitionId": setting_id, VALUE: {"value": value}}
        body = {"name": policy.name, "settings": [{"settingInstance": instance}]}
        kept.append(capture_by_hand(policy, SYSTEM, body)[1].id)
    rows = {snapshot.id: snapshot for snapshot in snapshots.with_policies(kept)}
    return rows[kept[0]], rows[kept[1]]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_pairs_are_compared_in_the_readers_language_with_one_look_into_the_catalogue(cast, monkeypatch):
    definitions.save_answers("de", [row(CAMERA, "Kamera"), row(PHONE, "Telefon")], set())
    first, second, third = (
        changed(policy, setting_id)
        for policy, setting_id in zip(Policy.select().limit(3), (CAMERA, PHONE, CAMERA), strict=True)
    )
    asked, original = [], type(database.obj).execute_sql

    def execute(self, sql, params=None):
        asked.append(sql)
        return original(self, sql, params)

    monkeypatch.setattr(type(database.obj), "execute_sql", execute)
    compared = snapshot_diff.compare_pairs([first, second], language="de")
    assert [difference.label for [difference] in compared] == ["Kamera", "Telefon"]
    assert sum('FROM "definition_text"' in sql for sql in asked) == 1

    size = sum(snapshot.content.plain_bytes for snapshot in first)
    assert len(snapshot_diff.compare_pairs([first, second], most_bytes=size + 1)) == 1, "too much is left out"
    Content.update(sealed=b"damaged").where(Content.id == Snapshot.get_by_id(third[1].id).content_id).execute()
    assert snapshot_diff.compare_pairs([third, first], language="de") == [None, compared[0]]
