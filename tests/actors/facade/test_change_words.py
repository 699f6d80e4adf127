import pytest

from actors.facade import change_words
from db.definitions import definitions
from db.models import Change, Policy
from tests.support.definitions import row

CAMERA = "device_vendor_msft_policy_config_privacy_letappsaccesscamera"
SETTING = {"path": f"body/settings/{CAMERA}/settingInstance/choiceSettingValue/value", "label": "Privacy Camera"}
GROUP = {"path": "assignments/groupAssignmentTarget 1", "label": "Group SG-Sales"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_kept_change_is_said_in_todays_words_and_what_these_do_not_know_as_it_was_kept(database):
    definitions.save_answers("en", [row(CAMERA, "Let Apps Access Camera")], set())
    change = Change(differences=[SETTING, GROUP], policy=Policy(id=1, odata_type=None))
    wording = change_words.words_for_changes([change])
    labels = [change_words.label_of(place, change_words.kind_of(change), wording) for place in change.differences]
    assert labels == ["Let Apps Access Camera", "Group SG-Sales"]
    assert change_words.label_of(SETTING, "", change_words.words_for_changes([])) == "Privacy Camera"
    assert change_words.label_of({"path": "", "label": "Not known."}, "", wording) == "Not known."
