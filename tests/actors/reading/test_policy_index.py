"""The sweep indexes what it finds, and what it cannot open it leaves out and remembers."""

import json

from actors.reading import policy_index
from actors.reading.policy_index import VERSION
from db.audit.audit import SYSTEM
from db.models import Content, KnownSetting, Policy, PolicySetting
from graph.policy_types.table import POLICY_TYPES
from tests.support.captures import capture_by_hand


def settings_of(policy):
    rows = PolicySetting.select(KnownSetting.key, PolicySetting.value, PolicySetting.mark).join(KnownSetting)
    return list(rows.where(PolicySetting.policy == policy).tuples())


def test_the_sweep_indexes_what_an_older_version_left_and_leaves_out_what_it_cannot_open(captured):
    policy = captured[0][0]
    setting = {"settingDefinitionId": "camera", "choiceSettingValue": {"value": "camera_1"}}
    capture_by_hand(policy, SYSTEM, {"name": "P", "settings": [{"settingInstance": setting}]})
    lost = captured[-1][2].content
    Content.update(sealed=b"x" + bytes(Content.get_by_id(lost.id).sealed)).where(Content.id == lost.id).execute()
    due = policy_index.find_missing(())
    policy_index.index_later(due)
    assert [(key, value) for key, value, _ in settings_of(policy)] == [("camera", "~1")]
    assert Policy.get_by_id(captured[-1][0].id).index_version == -VERSION
    assert policy_index.find_missing(()) == []


def test_an_index_tells_equal_texts_and_holds_none_of_them():
    def index(value):
        setting = {"settingDefinitionId": "note", "simpleSettingValue": {"value": value}}
        body = {"name": "P", "settings": [{"settingInstance": setting}]}
        return policy_index.index_of(POLICY_TYPES["configurationPolicies"], {"body": body, "assignments": []}, {}, {})

    one, same, other = (index(text).settings[0] for text in ("Pelikan", "Pelikan", "Pinguin"))
    assert one.mark == same.mark != other.mark
    assert "Pelikan" not in json.dumps([one.mark, one.value, one.title])
