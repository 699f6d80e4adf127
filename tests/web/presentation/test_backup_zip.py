import re
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from tests.support.strategies import texts
from web.presentation.backup_zip import ZipPaths, safe_file_name


def test_names_are_safe_on_windows_and_unique_whatever_the_case():
    names = ZipPaths()
    assert names.path("configurationPolicies", "A") == "Settings catalog/A.json"
    assert names.path("configurationPolicies", "a") == "Settings catalog/a (2).json"
    assert [safe_file_name(name) for name in ("con", "LPT1.x", "a/b\\c:d*", " x. ", "..", "é" * 300)] == [
        "_con", "_LPT1.x", "a_b_c_d_", "x", "_", "é" * 100,
    ]  # fmt: skip


# What Windows refuses, or takes for a device, in any part of a path.
REFUSED = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[\d¹²³]|lpt[\d¹²³])( *\..*)?", re.IGNORECASE)
odd = st.sampled_from(["con", "NUL.txt", "nul .x", "COM¹", "lpt9", "..", ".hidden", "a.", "a ", "A", "a", "ß", "SS",
                       "é", "e\u0301",
                       "\ufb01", "fi", "a" * 99 + " .", "😀" * 99, "é" * 120, "conin$"])  # fmt: skip


@given(st.lists(texts | odd, max_size=8))
def test_every_name_makes_a_path_of_its_own_that_every_system_takes(given_names):
    names = ZipPaths()
    paths = [names.path("configurationPolicies", name) for name in given_names]
    for path in paths:
        folder, _, file = path.partition("/")
        for part in (folder, file):
            assert part
            assert not REFUSED.search(part), path
            assert not part.startswith(".")
            assert not part.endswith((".", " ")), path
        assert not DEVICE.fullmatch(file.removesuffix(".json")), path
        # Most file systems take 255 bytes; a ZIP takes no half characters.
        assert len(file.encode()) <= 255, path
    # macOS holds two spellings of one letter for one name.
    assert len({unicodedata.normalize("NFD", path).casefold() for path in paths}) == len(paths)
