"""What all formats share: JSON that no program takes for another encoding, and a page that says what is lost."""

import json
from collections import Counter

from graph.leaving.export import json_bytes, on_one_line, readme
from tests.support.leaving import EVIL, LeavingSource, source


def test_json_is_ascii_whatever_it_says_and_begins_with_a_mark_where_a_tool_needs_one():
    odd = {"é": "\ud800 😀 \u2028"}
    assert json.loads(json_bytes(odd, 5)) == odd
    assert json_bytes(odd, 5).isascii()
    assert json_bytes([1], 4, mark=True) == b"\xef\xbb\xbf[\n    1\n]"


def test_the_page_says_what_is_lost_and_left_out_and_no_name_is_more_than_a_name():
    text = readme("Folders", source(), ["Secrets."], Counter(windowsUpdatePolicies=2)).data.decode()
    assert text == (
        "# Folders\n\nExported by Tenantkeep from `Contoso`.\n\nWhat this format loses:\n\n- Secrets.\n\n"
        "This format has no place for these, which are left out:\n\n- Windows Autopatch policy: 2\n"
    )
    assert "left out" not in readme("Folders", source(), [], {}).data.decode()
    named = readme("Folders", LeavingSource("x", f"`{EVIL}`\n# Big"), [], {}).data.decode()
    assert "\n# Big" not in named
    assert named.count("`") == 2
    assert on_one_line("a\nb\u2028c\x00`") == "a b c '"
