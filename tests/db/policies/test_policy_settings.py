"""The rows of settings: few statements for many policies, and each known setting made once."""

from db.models import KnownSetting, PolicySetting
from db.policies import policy_settings
from db.policies.policy_settings import IndexedSetting


def test_rows_of_policies_are_replaced_and_a_setting_is_known_once(captured):
    ids = [policy.id for policy, _, _ in captured[:2]]
    tenants = {policy.id: policy.tenant_id for policy, _, _ in captured[:2]}
    camera = IndexedSetting("device_camera", "Allow “Camera”" + "!" * 400, "a" * 16, "~0")
    secret = IndexedSetting("wifi_key", "Key", None, None)
    policy_settings.replace(tenants, {ids[0]: [camera, secret], ids[1]: [camera]})
    policy_settings.replace(tenants, {ids[0]: [camera]})
    rows = PolicySetting.select(PolicySetting.policy, PolicySetting.tenant, PolicySetting.mark, PolicySetting.value)
    assert sorted(rows.tuples()) == [(number, tenants[number], "a" * 16, "~0") for number in sorted(ids)]
    assert [len(row.title) for row in KnownSetting.select().order_by(KnownSetting.key)] == [300, 3]
    assert KnownSetting.get(KnownSetting.key == "device_camera").folded.startswith("allow “camera”!")
