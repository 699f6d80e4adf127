"""The files of an import: of a ZIP, or one by itself, within the limits of uploads. Nothing in them is trusted."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import IO

from actors.uploads import zip_files
from actors.uploads.unpacking import ReadingBudget, storable_text
from actors.uploads.zip_files import BrokenEntry, Seekable
from db.errors import Invalid
from graph.foreign import decoding

_ZIP = b"PK"
# Of all files of an import together, unpacked; contents of policies that people export are far below it.
MAX_BYTES = 128 * 1024 * 1024
MAX_VALUES = 2_000_000


def check(stream: IO[bytes]) -> None:
    """Check what the first and last bytes say, before anything is kept. Raises Invalid."""
    if _is_zip(stream):
        zip_files.check_end(stream, comment=zip_files.comment_length(stream))
    elif stream.seek(0, 2) > decoding.LARGEST_FILE:
        raise Invalid(f"A single file has at most {decoding.LARGEST_FILE // 1024**2} MB.")
    stream.seek(0)


def _is_zip(stream: Seekable) -> bool:
    stream.seek(0)
    return stream.read(2) == _ZIP


def reading_budget() -> ReadingBudget:
    """Return what reading one import may take: its bytes, its values, and time for all of it."""
    return ReadingBudget(size=MAX_BYTES, values=MAX_VALUES)


def read_files(stream: Seekable, file_name: str, budget: ReadingBudget) -> dict[str, bytes]:
    """Return {path: bytes} of all files. `file_name`: of a single file. Raises Invalid past the limits."""
    files: dict[str, bytes] = {}
    for path, data in _files(stream, file_name, budget):
        if path in files:
            raise Invalid("The ZIP holds two files of one name.")
        budget.spend(data)
        files[path] = data
    return files


def _files(stream: Seekable, file_name: str, budget: ReadingBudget) -> Iterator[tuple[str, bytes]]:
    if not _is_zip(stream):
        stream.seek(0)
        data = stream.read(decoding.LARGEST_FILE + 1)
        budget.spend_size(len(data))
        yield storable_text(PurePosixPath(file_name.replace("\\", "/")).name)[:200] or "file", data
        return
    for name, entry in zip_files.read_entries(stream, comment=zip_files.comment_length(stream)).items():
        budget.spend_size(entry.size)
        try:
            yield storable_text(name.replace("\\", "/")), zip_files.read_entry(stream, entry)
        except BrokenEntry as e:
            raise Invalid(f"The ZIP is broken: “{storable_text(name)[-100:]}” cannot be unpacked.") from e
