"""A policy is found by Microsoft's words for its settings, also where these came after it was captured."""

import config
from actors.reading import policy_index, policy_words
from db.audit.audit import SYSTEM
from db.definitions import definitions
from db.models import KnownSetting, Policy
from db.policies import search
from tests.support.captures import capture_by_hand
from tests.support.definitions import row

CAMERA = "device_vendor_msft_policy_config_privacy_letappsaccesscamera"


def test_words_that_come_after_a_capture_find_what_was_captured_before(captured, monkeypatch):
    monkeypatch.setenv("TENANTKEEP_DEFINITION_LANGUAGES", "en,de")
    config.settings.cache_clear()
    policy = captured[0][0]
    setting = {"settingDefinitionId": CAMERA.upper(), "choiceSettingValue": {"value": f"{CAMERA}_2"}}
    capture_by_hand(policy, SYSTEM, {"name": "P", "settings": [{"settingInstance": setting}]})
    sweep()
    assert found("kamera apps") == found("camera apps") == []

    definitions.save_answers(
        "en", [row(CAMERA, "Let Apps Access Camera", options={f"{CAMERA}_2": "Force deny"})], set()
    )
    definitions.save_answers("de", [row(CAMERA, "Apps den Zugriff auf die Kamera erlauben")], set())
    policy_words.take_up({CAMERA, "unheard.of"})
    assert KnownSetting.get().title == "Let Apps Access Camera"
    assert [each.id for each in policy_index.find_missing(())] == [policy.id]
    sweep()
    assert found("camera apps") == found("kamera erlauben") == [policy.id]
    assert found("force") == [], "a value"
    assert policy_index.find_missing(()) == []


def sweep():
    policy_index.index_later(policy_index.find_missing(()))


def found(text):
    conditions = [search.policy_matches(word, None) for word in text.split()]
    query = Policy.select(Policy.id)
    for condition in conditions:
        query = query.where(condition)
    return [each.id for each in query]
