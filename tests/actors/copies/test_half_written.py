"""What a killed worker left half written in a store goes, and nothing that somebody may still be writing."""

import os
import time

import pytest

from actors.copies import layout
from db.models import CopyStore
from tests.support.copied import add_store, look_after, make_set, push_all

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.mark.parametrize("kind", ["file", "sftp"])
def test_what_somebody_who_died_left_half_written_goes_after_a_day(cast, redis_url, new_place, tmp_path, kind):
    store = add_store(new_place(kind))
    make_set(cast.contoso)
    push_all(store)
    root = next(tmp_path.rglob(layout.FIRST_FILE)).parent
    folders = [root, root / "state", next((root / "sets").glob("*/*")), *(root / "contents").iterdir()]
    for number, folder in enumerate(folders):
        for age in (25, 1):
            half = folder / f"x.age.{number}-{age}.unfinished"
            half.write_bytes(b"half")
            os.utime(half, (time.time() - age * 3600,) * 2)
    there = len([path for path in root.rglob("*") if path.is_file()])
    for _ in range(100):  # of the folders of contents, some each day
        CopyStore.update(tidied_at=None).execute()
        assert look_after(store).error is None
        left = {path.stem.rpartition("-")[2] for path in root.rglob("*.unfinished")}
        if left == {"1"}:
            break
    assert left == {"1"}, "those of an hour ago may be written at"
    assert len([path for path in root.rglob("*") if path.is_file()]) == there - len(folders)
