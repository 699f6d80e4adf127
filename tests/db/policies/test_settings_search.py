"""Settings are found by words of their names and ids, in the reader's tenants alone, with the values that they have."""

import pytest

from db.policies import policy_settings, settings_search
from db.policies.policy_settings import IndexedSetting
from db.policies.settings_search import WantedPolicies
from tests.support.definitions import know


@pytest.fixture
def indexed(captured):
    """Contoso's first policy and all of Fabrikam's set the camera; one of Contoso's has a key."""
    rows = {policy.id: [] for policy, _, _ in captured}
    for number, (policy, _, _) in enumerate(captured):
        if number == 0 or policy.tenant.name == "Fabrikam":
            mark = f"{policy.tenant_id:016}"
            rows[policy.id].append(IndexedSetting("device_camera", "Allow Camera", mark, f"~{policy.tenant_id}"))
    rows[captured[0][0].id].append(IndexedSetting("wifi_key", "Käse 100%_key", None, None))
    policy_settings.replace({policy.id: policy.tenant_id for policy, _, _ in captured}, rows)
    return rows


def found(asked, tenant_ids=None):
    return [(hit.setting.key, hit.policies) for hit in settings_search.find(asked.split(), tenant_ids)]


def test_a_setting_is_found_in_the_tenants_that_may_be_seen_with_its_values(cast, captured, indexed):
    everywhere = sum(bool(rows) for rows in indexed.values())
    of_fabrikam = everywhere - 1
    for asked, tenant_ids, expected in (
        ("camera", None, [("device_camera", everywhere)]),
        ("CAM allow", None, [("device_camera", everywhere)]),
        ("device_c", [cast.contoso.id], [("device_camera", 1)]),
        ("al ca", [cast.fabrikam.id], [("device_camera", of_fabrikam)]),
        ("käse", None, [("wifi_key", 1)]),
        ("100%_", None, [("wifi_key", 1)]),
        ("0%k", None, []),
        ("key", [cast.fabrikam.id], []),
        ('"', None, []),
        ("camera zebra", None, []),
        ("", None, []),
    ):
        assert found(asked, tenant_ids) == expected, asked
    camera = settings_search.by_key("device_camera", None)
    values = settings_search.values_of([camera.id], None, 9)[camera.id]
    assert [(value.value, value.policies) for value in values] == sorted(
        [(f"~{cast.fabrikam.id}", of_fabrikam), (f"~{cast.contoso.id}", 1)], key=lambda pair: -pair[1]
    )
    assert settings_search.by_key("wifi_key", [cast.fabrikam.id]) is None
    wanted = WantedPolicies(camera.id, None)
    assert (wanted.count(), len(wanted.rows(99)), len(wanted.rows(99, 1))) == (everywhere, everywhere, everywhere - 1)
    assert [row.policy.tenant_id for row in WantedPolicies(camera.id, None, f"{cast.contoso.id:016}").rows(9)] == [
        cast.contoso.id
    ]
    first = captured[0][0].id
    assert settings_search.set_by([first], ["device_camera"]) == {first: {"device_camera": f"~{cast.contoso.id}"}}


def test_a_setting_is_found_by_microsofts_words_once_they_are_known(indexed):
    know("device_camera", "Permit the lens")
    policy_settings.take_titles(["device_camera", "unknown"])
    assert found("lens") == found("device_camera") != []
    assert found("allow") == []
