"""The words for all changes of a page are looked up at once."""

from db.definitions import definitions
from db.models import Change, DefinitionText, Policy
from tests.support.definitions import row
from web.change_words import place_words

CAMERA = "device_vendor_msft_policy_config_privacy_letappsaccesscamera"


def change(number):
    place = {"path": f"body/settings/{CAMERA}/settingInstance", "label": "Kept"}
    return Change(id=number, differences=[place], policy=Policy(id=number, odata_type=None))


def test_a_page_looks_its_words_up_once(app):
    definitions.save_answers("en", [row(CAMERA, "Let Apps Access Camera")], set())
    changes = [change(number) for number in range(3)]
    with app.test_request_context():
        assert place_words.look_up(changes) == ""
        DefinitionText.delete().execute()
        labels = {place_words.label_of(each, each.differences[0]) for each in changes}
        assert labels == {"Let Apps Access Camera"}
        assert place_words.label_of(change(9), change(9).differences[0]) == "Kept", "one that nobody looked up"
