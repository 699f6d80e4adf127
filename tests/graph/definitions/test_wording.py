from graph.definitions.wording import NO_WORDS, SettingDefinition, Wording, property_key, twins

CAMERA = SettingDefinition(
    "device_vendor_msft_policy_config_privacy_camera",
    "Let Apps Access Camera",
    category_id="privacy",
    options={"device_vendor_msft_policy_config_privacy_camera_0": "User in control"},
)
WORDING = Wording({CAMERA.id: CAMERA}, {"privacy": ("Privacy", "Apps")}, {"accounts": 0, "privacy": 1})


def test_words_are_found_in_any_case_and_those_of_the_other_scope_serve():
    for setting in (CAMERA.id, CAMERA.id.title(), CAMERA.id.replace("device_", "user_"), CAMERA.id[len("device_") :]):
        assert WORDING.title(setting) == "Let Apps Access Camera", setting
        assert WORDING.option(setting, f"{setting}_0") == "User in control", setting
        assert WORDING.category(setting) == ("Privacy", "Apps")
        assert WORDING.place(setting) == 1
    assert WORDING.option(CAMERA.id, f"{CAMERA.id}_7") is None


def test_what_nobody_knows_has_no_words_and_comes_last():
    for wording in (NO_WORDS, WORDING):
        assert wording.title("com.apple.unheard_of") is None
        assert wording.option("com.apple.unheard_of", "x") is None
        assert wording.category("com.apple.unheard_of") == ()
    assert WORDING.place("com.apple.unheard_of") == 2
    assert not NO_WORDS
    assert WORDING


def test_a_property_of_a_built_in_type_has_an_id_and_no_twin():
    key = property_key("#microsoft.graph.windows10GeneralConfiguration", "passwordRequired")
    assert key == "windows10generalconfiguration/passwordrequired"
    assert twins(key) == []
