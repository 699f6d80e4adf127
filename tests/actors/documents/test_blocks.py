"""Text that fits into any file."""

from actors.documents.blocks import clean, on_one_line


def test_what_no_file_can_hold_is_replaced_and_line_ends_are_one_sort():
    assert clean("a\x00b\ud800c\ufffed\u202ee\x1bf") == "a\ufffdb\ufffdc\ufffdd\ufffde\ufffdf"
    assert clean("a\r\nb\rc\u2028d\x0be\tf\u200fg😀") == "a\nb\nc\nd\ne\tf\u200fg😀"
    assert on_one_line("  a\n\tb  c ") == "a b c"
