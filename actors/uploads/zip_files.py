"""The files of a ZIP that somebody sent. Of all ways to write a ZIP only the plain one is read.

One end, at the very end. Every entry of the list stands where the one before it ended, and says the same twice. Nothing
is unpacked before all of that is known. Why no library does it: docs/decisions/0022-uploads-read-by-a-worker.md.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from pathlib import PurePosixPath
from typing import Any, Protocol

from db.errors import Invalid

MAX_FILES = 20_000
# Our longest path has less than 500 bytes.
MAX_NAME, MAX_EXTRA = 1000, 1024
# One file is read as a whole.
MAX_FILE_BYTES = 32 * 1024 * 1024
# Text as we write it does not shrink further than this; a ZIP bomb does.
MAX_RATIO, RATIO_FROM = 200, 10 * 1024 * 1024
_STORED, _DEFLATED = 0, 8
_END = struct.Struct("<4s4H2LH")
_LISTED = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_END_SIGN, _LISTED_SIGN, _LOCAL_SIGN, _AFTER_SIGN = b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04", b"PK\x07\x08"
_ENCRYPTED, _HAS_AFTER, _UTF8 = 0x2041, 0x8, 0x800
# 0x6 says how hard the packer tried, which does not matter.
_KNOWN_FLAGS = _HAS_AFTER | _UTF8 | 0x6
# The extra field with sizes in 64 bits: no file of ours needs it.
_ZIP64 = 1
_NO_ZIP = "That is not a ZIP file as our downloads are. Upload it as it was downloaded."


class Seekable(Protocol):
    def seek(self, offset: int, whence: int = 0, /) -> int: ...

    def read(self, size: int = -1, /) -> bytes: ...


class BrokenEntry(Exception):
    """One of its files cannot be unpacked, or is not what the list of files says."""


@dataclass(frozen=True, slots=True)
class Entry:
    name: str
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int
    raw_name: bytes


def read_entries(stream: Seekable, *, comment: int = 0) -> dict[str, Entry]:
    """Return {name: entry} of the ZIP's files. Raises Invalid for everything that is not as our downloads are.

    `comment`: the length of a comment at its very end, which `comment_length` knows to be plain.
    """
    begin, size, count = _end(stream, comment)
    stream.seek(begin)
    listed = list(_listed(stream.read(size), count))
    _check_places(stream, listed, begin)
    named = {entry.name: entry for entry in listed}
    if len(named) != len(listed):
        raise Invalid("The ZIP holds two files of one name.")
    return {name: entry for name, entry in named.items() if not name.endswith("/")}


def check_end(stream: Seekable, *, comment: int = 0) -> None:
    """Check what the last bytes alone say. Raises Invalid."""
    _end(stream, comment)


# A commit's hash, which GitHub writes at the end of a repository's ZIP. It has no room for another end.
_COMMIT = re.compile(rb"[0-9a-f]{40}")


def comment_length(stream: Seekable) -> int:
    """Return 40 where the ZIP ends with a commit's hash as its comment, and says so; else 0."""
    length = stream.seek(0, 2)
    if length < _END.size + 40:
        return 0
    stream.seek(length - _END.size - 40)
    end, comment = stream.read(_END.size), stream.read(40)
    is_one = end.startswith(_END_SIGN) and end[-2:] == struct.pack("<H", 40) and _COMMIT.fullmatch(comment)
    return 40 if is_one else 0


def _end(stream: Seekable, allowed_comment: int) -> tuple[int, int, int]:
    """Return (where the list of files begins, its size, how many files there are)."""
    length = stream.seek(0, 2) - allowed_comment
    if length < _END.size:
        raise Invalid("That is not a ZIP file.")
    stream.seek(length - _END.size)
    sign, disk, first_disk, here, count, size, begin, comment = _END.unpack(stream.read(_END.size))
    if sign != _END_SIGN or comment != allowed_comment:
        raise Invalid(_NO_ZIP if sign == _END_SIGN or length > _END.size else "That is not a ZIP file.")
    if here > MAX_FILES or count > MAX_FILES:
        raise Invalid(f"The ZIP holds more than {MAX_FILES:,} files.")
    if disk or first_disk or here != count or begin + size + _END.size != length or size < count * _LISTED.size:
        raise Invalid(_NO_ZIP)
    if size > count * (_LISTED.size + MAX_NAME + MAX_EXTRA):
        raise Invalid(_NO_ZIP)
    return begin, size, count


def _listed(data: bytes, count: int) -> Iterator[Entry]:
    at = 0
    for _ in range(count):
        entry, at = _entry(data, at)
        _check(entry)
        yield entry
    if at != len(data):
        raise Invalid(_NO_ZIP)


def _entry(data: bytes, at: int) -> tuple[Entry, int]:
    """Return (the entry of the list that begins there, where the next one begins)."""
    try:
        (sign, _, _, flags, method, _, _, crc, packed, size, name_length, extra_length, comment_length,
         disk, _, _, offset) = _LISTED.unpack_from(data, at)  # fmt: skip
    except struct.error as e:
        raise Invalid(_NO_ZIP) from e
    begin, end = at + _LISTED.size, at + _LISTED.size + name_length + extra_length
    if sign != _LISTED_SIGN or disk or comment_length or end > len(data):
        raise Invalid(_NO_ZIP)
    if name_length > MAX_NAME or extra_length > MAX_EXTRA or _says_zip64(data[begin + name_length : end]):
        raise Invalid("The ZIP holds a file that says more of itself than our downloads do.")
    raw_name = data[begin : begin + name_length]
    return Entry(_name(raw_name, flags), flags, method, crc, packed, size, offset, raw_name), end


def _name(raw: bytes, flags: int) -> str:
    try:
        return raw.decode("utf-8" if flags & _UTF8 else "cp437")
    except UnicodeDecodeError as e:
        raise Invalid("The ZIP holds a file whose name is not in UTF-8.") from e


def _says_zip64(extra: bytes) -> bool:
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == _ZIP64:
            return True
        at += 4 + length
    return False


def _check(entry: Entry) -> None:
    if not entry.name or "\x00" in entry.name:
        raise Invalid("The ZIP holds a file without a name.")
    path = PurePosixPath(entry.name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or re.match("[A-Za-z]:", entry.name):
        raise Invalid("The ZIP holds a file that leads out of its folder.")
    if entry.flags & _ENCRYPTED:
        raise Invalid("The ZIP is encrypted. Upload it without a password.")
    if entry.method not in (_STORED, _DEFLATED) or entry.flags & ~_KNOWN_FLAGS:
        raise Invalid("The ZIP is compressed in a way that our downloads are not.")
    if entry.size > MAX_FILE_BYTES:
        raise Invalid(f"The ZIP holds a file of more than {MAX_FILE_BYTES // 1024**2} MB: no policy is as large.")
    if entry.size > RATIO_FROM and entry.size > MAX_RATIO * max(entry.packed, 1):
        raise Invalid("The ZIP holds a file that grows more than any policy does when it is unpacked.")
    if entry.packed > entry.size + entry.size // 100 + 64 or (entry.method == _STORED and entry.packed != entry.size):
        raise Invalid(_NO_ZIP)


def _check_places(stream: Seekable, listed: list[Entry], until: int) -> None:
    """Check that the files follow each other from the first byte to the list, without overlaps and gaps."""
    at = 0
    for entry in sorted(listed, key=attrgetter("offset")):
        if entry.offset != at:
            raise Invalid(_NO_ZIP)
        at = _data_begin(stream, entry) + entry.packed
        at += _after(stream, entry, at) if entry.flags & _HAS_AFTER else 0
    if at != until:
        raise Invalid(_NO_ZIP)


def _data_begin(stream: Seekable, entry: Entry) -> int:
    """Return where the file's data begins. The header before it has to say what the list of files says."""
    stream.seek(entry.offset)
    head = stream.read(_LOCAL.size)
    if len(head) < _LOCAL.size:
        raise Invalid(_NO_ZIP)
    sign, _, flags, method, _, _, crc, packed, size, name_length, extra_length = _LOCAL.unpack(head)
    name, extra = stream.read(name_length), stream.read(extra_length)
    if sign != _LOCAL_SIGN or (name, flags, method) != (entry.raw_name, entry.flags, entry.method):
        raise Invalid(_NO_ZIP)
    said_later = flags & _HAS_AFTER and (crc, packed, size) == (0, 0, 0)
    if not said_later and (crc, packed, size) != (entry.crc, entry.packed, entry.size):
        raise Invalid(_NO_ZIP)
    if extra_length > MAX_EXTRA or _says_zip64(extra):
        raise Invalid(_NO_ZIP)
    return entry.offset + _LOCAL.size + name_length + extra_length


def _after(stream: Seekable, entry: Entry, at: int) -> int:
    """Return the size of the data descriptor behind the file: a download that is made while it is sent has one."""
    stream.seek(at)
    if stream.read(16) != _AFTER_SIGN + struct.pack("<3L", entry.crc, entry.packed, entry.size):
        raise Invalid(_NO_ZIP)
    return 16


def read_entry(stream: Seekable, entry: Entry) -> bytes:
    """Unpack a file, never more than its entry says. Raises BrokenEntry."""
    stream.seek(_data_begin(stream, entry))
    packed = stream.read(entry.packed)
    data = packed if entry.method == _STORED else _inflated(packed, entry.size)
    if len(data) != entry.size or zlib.crc32(data) != entry.crc:
        raise BrokenEntry
    return data


def _inflated(packed: bytes, size: int) -> bytes:
    stream: Any = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data: bytes = stream.decompress(packed, size + 1)
    except zlib.error as e:
        raise BrokenEntry from e
    if not stream.eof or stream.unused_data or stream.unconsumed_tail:
        raise BrokenEntry
    return data
