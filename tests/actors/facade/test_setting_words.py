"""Values of the index in words: Microsoft's where it has some."""

from actors.facade.setting_words import setting_words
from tests.support.definitions import know


def test_a_value_is_in_microsofts_words_where_there_are_some_and_readable_without(database):
    know("device_camera", "Allow Camera", description="Turns it on.", options={"device_camera_0": "Not allowed"})
    words = setting_words(["device_camera", "device_other"])
    assert [words.title(key, "Known") for key in ("device_camera", "device_other")] == ["Allow Camera", "Known"]
    assert [words.description(key) for key in ("device_camera", "device_other")] == ["Turns it on.", ""]
    for key, value, expected in (
        ("device_camera", "~0", "Not allowed"),
        ("device_camera", "~0, ~7", "Not allowed, option 7"),
        ("device_other", "~block", "block"),
        ("device_other", "true", "yes"),
        ("device_other", "365", "365"),
        ("device_other", None, None),
    ):
        assert words.value(key, value) == expected
