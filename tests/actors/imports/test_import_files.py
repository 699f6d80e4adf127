"""The files of an import, within the limits of uploads."""

import io
import zipfile

import pytest

from actors.imports import import_files
from db.errors import Invalid

COMMIT = b"0123456789abcdef0123456789abcdef01234567"


def zipped(files, comment=b""):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        archive.comment = comment
    return io.BytesIO(out.getvalue())


def read_files(stream, file_name):
    return import_files.read_files(stream, file_name, import_files.reading_budget())


def test_a_repositorys_zip_a_plain_zip_and_a_single_file_are_read():
    files = {"repo-main/a.json": b"{}", "repo-main/b\\c.json": b"[]"}
    for comment in (b"", COMMIT):
        stream = zipped(files, comment)
        import_files.check(stream)
        assert read_files(stream, "x.zip") == {"repo-main/a.json": b"{}", "repo-main/b/c.json": b"[]"}
    assert read_files(io.BytesIO(b"{}"), "..\\..\\etc/pass\x00wd") == {"passwd": b"{}"}


@pytest.mark.parametrize(
    ("files", "comment", "why"),
    [
        ({"../a.json": b""}, b"", "leads out of its folder"),
        ({"/etc/a.json": b""}, b"", "leads out of its folder"),
        ({"a.json": b"0" * 20_000_000}, b"", "grows more"),
        ({f"{n}.json": b"" for n in range(20_001)}, b"", "more than 20,000"),
        ({"a.json": b"{}"}, b"PK\x05\x06" + b"0" * 36, "not a ZIP file as"),
        ({"a/b": b"", "a\\b": b""}, b"", "two files of one name"),
    ],
)
def test_bombs_and_paths_are_refused_as_of_uploads(files, comment, why):
    stream = zipped(files, comment)
    with pytest.raises(Invalid, match=why):
        import_files.check(stream)
        read_files(stream, "x.zip")


def test_one_file_has_a_limit_and_all_together_have_one(monkeypatch):
    monkeypatch.setattr(import_files.decoding, "LARGEST_FILE", 1024 * 1024)
    with pytest.raises(Invalid, match="at most 1 MB"):
        import_files.check(io.BytesIO(b"{" * (1024 * 1024 + 1)))
    monkeypatch.setattr(import_files, "MAX_VALUES", 10)
    with pytest.raises(Invalid, match="more values together"):
        read_files(io.BytesIO(b"[" * 11), "x.json")
