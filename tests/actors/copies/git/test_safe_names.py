import unicodedata

import pytest

from actors.copies.git.safe_names import file_name, folder_name, mark_in, mark_of, one_line

# Name -> how its file begins.
NAMES = {
    "Baseline – Kiosk": "Baseline – Kiosk",
    "../../etc/passwd": "_.._etc_passwd",
    "..": "unnamed",
    ".git": "git",
    ".GIT/config": "GIT_config",
    ".g\u200cit": "git",
    ".git\u200d::$INDEX_ALLOCATION": "git__$INDEX_ALLOCATION",
    "git~1": "git~1",
    "": "unnamed",
    "\x00\x1b[31m\u202egpj": "[31mgpj",
    "CON": "_CON",
    "nul.txt": "_nul.txt",
    "com¹": "_com¹",
    "COM0.a": "_COM0.a",
    "Console": "Console",
    'a<b>c:d"e|f?g*h\\i': "a_b_c_d_e_f_g_h_i",
    "-rf": "_rf",
    "two\nlines\u2028and more\t": "two lines and more",
    "trailing dots...": "trailing dots",
    "e\u0301": "é",
    "\ud83d": "unnamed",
    "x" * 5000: "x" * 100,
    "ü" * 80: "ü" * 50,
}


@pytest.mark.parametrize("name", NAMES)
def test_whatever_a_policy_is_called_its_file_is_one_anywhere(name):
    made = file_name(name, "id-1")
    assert made == f"{NAMES[name]} {mark_of('id-1')}.json"
    assert mark_in(made) == mark_of("id-1")
    assert len(made.encode()) <= 120
    assert not set(made) & set('/\\:*?"<>|')
    assert not any(unicodedata.category(char)[0] == "C" for char in made)
    assert made[0] not in ".- "


def test_equal_looking_names_are_two_files_and_plain_folders_keep_their_names():
    assert file_name("Ring", "a").casefold() != file_name("RING", "b").casefold()
    assert folder_name("configurationPolicies") == "configurationPolicies"
    assert folder_name("6d0c2f3e-0000-4000-8000-000000000001") == "6d0c2f3e-0000-4000-8000-000000000001"
    for hostile in (".git", "..", "a/b", "con", "lpt1", "git~1", "", "x" * 100):
        assert folder_name(hostile).endswith(f" {mark_of(hostile)}")
    assert mark_in("README.md") is mark_in("Ring.json") is None
    assert one_line(" a\r\n b\x00c ", 3) == "a b"
