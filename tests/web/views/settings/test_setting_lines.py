"""Lines of settings that were found: as many as are shown, and how many there are."""

import pytest

from db.policies import policy_settings
from db.policies.policy_settings import IndexedSetting
from web.views.settings.setting_lines import find_lines

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_lines_are_those_of_a_page_and_the_last_words_may_be_of_a_value(app, captured):
    policy = captured[0][0]
    rows = [
        IndexedSetting(f"camera_{number}", f"Camera {number}", f"{number:016}", f"~{number}") for number in range(9)
    ]
    rows.append(IndexedSetting("camera_key", "Camera key", None, None))
    policy_settings.replace({policy.id: policy.tenant_id}, {policy.id: rows})
    with app.test_request_context():
        found = find_lines("camera", None, 2, 5)
        assert ([line.title for line in found.lines], found.count) == (["Camera 2", "Camera 3", "Camera 4"], 10)
        assert find_lines("camera option 7", None, 0, 9).lines[0].values == [("option 7", 1)]
        assert find_lines("camera key secret", None, 0, 9).count == 1
        assert find_lines("camera zebra", None, 0, 9).count == 0
