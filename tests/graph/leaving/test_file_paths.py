"""Names of anybody's as paths: every system takes them, and no two policies get one."""

import re

from hypothesis import given
from hypothesis import strategies as st

from graph.leaving.file_paths import FilePaths, file_stem
from tests.support.strategies import texts

odd = st.sampled_from(
    ["con", "NUL.txt", "..", ".hidden", "a.", "a ", "A", "a", "ß", "SS", "é" * 200, "a/b", "", "LPT¹"]
)


def test_what_a_tool_forbids_is_replaced_as_that_tool_does_it():
    assert file_stem('a/b:c*"d"...', "_") == "a_b_c__d_"
    assert file_stem('a/b:c*"d"...', "") == "abcd"
    assert [file_stem(name, "_") for name in ("..", "con", ".x", "end ", "")] == ["_", "_con", "_.x", "end ", "_"]
    paths = FilePaths("__")
    assert [paths.claim("F", "a", ".json", graph_id) for graph_id in ("1", "2", "2")] == [
        "F/a.json", "F/a__2.json", "F/a__2 (2).json",
    ]  # fmt: skip
    assert paths.claim("F", "A", ".json", "../3") == "F/A___.._3.json"


@given(st.lists(texts | odd, max_size=8))
def test_every_name_makes_a_path_of_its_own_inside_its_folder(names):
    paths = FilePaths("_")
    made = [paths.claim("F", file_stem(name, "_"), ".json", f"id {number}") for number, name in enumerate(names)]
    for path in made:
        folder, _, file = path.partition("/")
        assert folder == "F"
        assert file
        assert not re.search(r'[<>:"/\\|?*\x00-\x1f]', file), path
        assert not file.startswith("."), path
        assert len(file.encode()) <= 255, path
    assert len({path.casefold() for path in made}) == len(made)
