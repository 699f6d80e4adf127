"""What a sender is given."""

from actors.notices.outgoing import shortened
from actors.notices.words import Message


def test_a_subject_is_one_short_line(outgoing):
    assert outgoing("a@example.com", message=Message("a\n b\t c")).subject == "a b c"
    assert len(outgoing("a@example.com", message=Message("x" * 500)).subject) == 150


def test_no_secret_is_in_what_a_traceback_shows(outgoing):
    assert "secret" not in repr(outgoing("https://hooks.example.com/secret-path", "the secret"))


def test_lines_are_left_out_with_their_number():
    assert shortened(("a", "b" * 20), 2, longest=5) == ["a", "bbbb…"]
    assert shortened(("a", "b", "c"), 1) == ["a", "… and 2 more"]
