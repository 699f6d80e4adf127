import base64

from graph.display.decoding import describe_text, show_invisible


def test_invisible_characters_are_shown_by_their_numbers():
    assert show_invisible("pay\u202elave\u200b") == "pay⟨U+202E⟩lave⟨U+200B⟩"


def test_script_in_base64_is_shown_as_text():
    script = base64.b64encode("Write-Host 'hello'".encode("utf-16")).decode()
    assert describe_text("scriptContent", script) == ("Write-Host 'hello'", "sent as base64")


def test_unreadable_file_is_named_and_measured():
    image = base64.b64encode(b"\x89PNG" + bytes(range(256)) * 2).decode()
    shown, note = describe_text("value", image)
    assert shown == "PNG image, 516 bytes"
    assert note.startswith("516 bytes, SHA-256 ")


def test_plain_text_stays():
    assert describe_text("displayName", "Wi-Fi for all") == ("Wi-Fi for all", "")
