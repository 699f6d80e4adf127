"""Tests stand where what they test stands: which modules have no test file of their own is a list that only shrinks."""

from tests.support import product_modules
from tests.support.product_modules import LAYERS, ROOT

LIST = ROOT / "tests" / "without_own_test.txt"
# Lower it when the list is shorter; never raise it.
MOST_WITHOUT = 178


def modules_without_own_test():
    """Return the modules whose test would be tests/ROOM/test_NAME.py, and is not there; numbered migrations aside."""
    paths = [path.relative_to(ROOT) for path in product_modules.modules().values()]
    return sorted(
        path.as_posix()
        for path in paths
        if path.stem != "__init__"
        and "migrations" not in path.parts
        and not (ROOT / "tests" / path.parent / f"test_{path.name}").exists()
    )


def test_a_module_has_a_test_file_of_its_own_or_is_listed():
    assert LIST.read_text().splitlines() == modules_without_own_test()
    assert len(modules_without_own_test()) <= MOST_WITHOUT


def test_every_test_file_stands_in_the_folder_of_a_room():
    for layer in LAYERS:
        for path in (ROOT / "tests" / layer).rglob("test_*.py"):
            room = ROOT / path.parent.relative_to(ROOT / "tests")
            assert list(room.glob("*.py")), f"{path.relative_to(ROOT)}: there is no room {room.relative_to(ROOT)}"
