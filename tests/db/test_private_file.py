"""Files for somebody are readable by their owner alone, and whole or not there at all."""

import stat

import pytest

from db import private_file
from db.errors import Invalid


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_file_is_its_owners_alone_once_it_is_whole(tmp_path):
    path = tmp_path / "export"
    with private_file.writing(path) as file:
        file.write(b"half")
        assert path.read_bytes() == b"", "its place is taken, and empty"
    assert (path.read_bytes(), mode(path)) == (b"half", private_file.MODE)


def test_failed_writing_leaves_what_was_there(tmp_path):
    path = tmp_path / "export"
    with pytest.raises(RuntimeError), private_file.writing(path):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    path.write_bytes(b"before")
    with pytest.raises(RuntimeError), private_file.writing(path, force=True):
        raise RuntimeError
    assert (path.read_bytes(), list(tmp_path.iterdir())) == (b"before", [path])


def test_existing_file_is_refused_unless_forced(tmp_path):
    path = tmp_path / "export"
    path.write_bytes(b"before")
    with pytest.raises(Invalid), private_file.writing(path):
        pass
    with private_file.writing(path, force=True) as file:
        file.write(b"after")
    assert path.read_bytes() == b"after"
    with pytest.raises(Invalid, match="no ordinary file"), private_file.writing(tmp_path, force=True):
        pass


def test_database_that_others_could_read_is_closed_to_them(tmp_path):
    path = tmp_path / "db"
    path.touch(mode=0o666)
    path.chmod(0o666)
    private_file.create_private(path)
    assert mode(path) & private_file.ACCESS_OF_OTHERS == 0
    private_file.create_private(tmp_path / "new")
    assert mode(tmp_path / "new") == private_file.MODE
