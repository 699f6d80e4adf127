import pytest

from actors.facade.wording import NO_WORDS, wording_of, words_for
from db.definitions import categories, definitions
from tests.support.definitions import row

PREFIX = "device_vendor_msft_policy_config_"


def content(*setting_ids):
    return {"body": {"settings": [{"settingInstance": {"settingDefinitionId": each}} for each in setting_ids]}}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_contents_get_the_words_that_the_catalogue_has_in_the_language_asked_for(database):
    camera, person, other = f"{PREFIX}camera", "user_vendor_msft_policy_config_person", f"{PREFIX}other"
    definitions.save_answers(
        "en",
        [
            row(camera, "Camera", category_id="b", options={f"{camera}_1": "Allow"}),
            row(person, "Only for a person", category_id="a", minimum=1, maximum=9),
            row(other, "In no content", category_id="a"),
        ],
        set(),
    )
    definitions.save_answers("de", [row(camera, "Kamera", category_id="b")], set())
    categories.save_paths("en", {"a": ["accounts"], "b": ["Privacy"]})
    contents = [("configurationPolicies", content(camera.upper(), f"{PREFIX}person", "unheard.of"))]

    english = wording_of(contents)
    assert sorted(english.definitions) == [camera, person], "and nothing that no content sets"
    assert english.option(camera, f"{camera}_1") == "Allow"
    assert english.title(f"{PREFIX}person") == "Only for a person"
    assert (english.definition(person).minimum, english.definition(person).maximum) == (1, 9)
    assert (english.category(camera), english.place(person), english.place(camera)) == (("Privacy",), 0, 1)
    german = wording_of(contents, "de")
    assert (german.title(camera), german.title(person)) == ("Kamera", "Only for a person")
    assert wording_of([("configurationPolicies", content("unheard.of"))]) is NO_WORDS
    assert wording_of([]) is NO_WORDS


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_properties_of_built_in_types_have_the_portals_words_beside_those_of_the_catalogue(database):
    definitions.save_answers("en", [row(f"{PREFIX}camera", "Camera")], set())
    ring = {"@odata.type": "#microsoft.graph.windowsUpdateForBusinessConfiguration", "qualityUpdatesPaused": True}
    words = wording_of(
        [("deviceConfigurations", {"body": ring}), ("configurationPolicies", content(f"{PREFIX}camera"))]
    )
    deferral = "windowsupdateforbusinessconfiguration/qualityupdatesdeferralperiodindays"
    assert (words.title(deferral), words.category(deferral)) == (
        "Quality update deferral period (days)", ("Settings",)
    )  # fmt: skip
    assert words.title(f"{PREFIX}camera") == "Camera"
    by_key = words_for([deferral, f"{PREFIX}camera", "windowsupdateforbusinessconfiguration/unheardof"])
    assert sorted(by_key.definitions) == [f"{PREFIX}camera", deferral]
