"""The files of a ZIP that somebody sent. Of all ways to write a ZIP only the plain one is read.

One end, at the very end. Every entry of the list stands where the one before it ended, and says the same twice. Nothing
is unpacked before all of that is known. Why no library does it: docs/decisions/0022-uploads-read-by-a-worker.md.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Protocol

from db.errors import Invalid

MOST_FILES = 20_000
# Our longest path has less than 500 bytes.
LONGEST_NAME, LONGEST_EXTRA = 1000, 1024
# One file is read as a whole.
LARGEST_FILE = 32 * 1024 * 1024
# Text as we write it does not shrink to less than that; a bomb does.
MOST_RATIO, RATIO_FROM = 200, 10 * 1024 * 1024
_STORED, _DEFLATED = 0, 8
_END = struct.Struct("<4s4H2LH")
_LISTED = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_END_SIGN, _LISTED_SIGN, _LOCAL_SIGN, _AFTER_SIGN = b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04", b"PK\x07\x08"
_ENCRYPTED, _HAS_AFTER, _UTF8 = 0x2041, 0x8, 0x800
# How hard the packer tried says nothing.
_KNOWN_FLAGS = _HAS_AFTER | _UTF8 | 0x6
# What says sizes again, in 64 bits: no file of ours needs it.
_ZIP64 = 1
_NO_ZIP = "That is not a ZIP file as our downloads are. Upload it as it was downloaded."


class Seekable(Protocol):
    def seek(self, offset: int, whence: int = 0, /) -> int: ...

    def read(self, size: int = -1, /) -> bytes: ...


class Broken(Exception):
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


def entries(stream: Seekable) -> dict[str, Entry]:
    """Name -> entry, of its files. Raises Invalid for everything that is not as our downloads are."""
    begin, size, count = _end(stream)
    stream.seek(begin)
    listed = list(_listed(stream.read(size), count))
    _check_places(stream, listed, begin)
    named = {one.name: one for one in listed}
    if len(named) != len(listed):
        raise Invalid("The ZIP holds two files of one name.")
    return {name: one for name, one in named.items() if not name.endswith("/")}


def check_end(stream: Seekable) -> None:
    """What can be told at once, from the last bytes. Raises Invalid."""
    _end(stream)


def _end(stream: Seekable) -> tuple[int, int, int]:
    """(where the list of files begins, its size, how many there are)."""
    length = stream.seek(0, 2)
    if length < _END.size:
        raise Invalid("That is not a ZIP file.")
    stream.seek(length - _END.size)
    sign, disk, first_disk, here, count, size, begin, comment = _END.unpack(stream.read(_END.size))
    if sign != _END_SIGN or comment:
        raise Invalid(_NO_ZIP if sign == _END_SIGN or length > _END.size else "That is not a ZIP file.")
    if here > MOST_FILES or count > MOST_FILES:
        raise Invalid(f"The ZIP holds more than {MOST_FILES:,} files.")
    if disk or first_disk or here != count or begin + size + _END.size != length or size < count * _LISTED.size:
        raise Invalid(_NO_ZIP)
    if size > count * (_LISTED.size + LONGEST_NAME + LONGEST_EXTRA):
        raise Invalid(_NO_ZIP)
    return begin, size, count


def _listed(data: bytes, count: int) -> Iterator[Entry]:
    at = 0
    for _ in range(count):
        one, at = _entry(data, at)
        _check(one)
        yield one
    if at != len(data):
        raise Invalid(_NO_ZIP)


def _entry(data: bytes, at: int) -> tuple[Entry, int]:
    """(the entry of the list that begins there, where the next one does)."""
    try:
        (sign, _, _, flags, method, _, _, crc, packed, size, name_length, extra_length, comment_length,
         disk, _, _, offset) = _LISTED.unpack_from(data, at)  # fmt: skip
    except struct.error as e:
        raise Invalid(_NO_ZIP) from e
    begin, end = at + _LISTED.size, at + _LISTED.size + name_length + extra_length
    if sign != _LISTED_SIGN or disk or comment_length or end > len(data):
        raise Invalid(_NO_ZIP)
    if name_length > LONGEST_NAME or extra_length > LONGEST_EXTRA or _says_zip64(data[begin + name_length : end]):
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


def _check(one: Entry) -> None:
    if not one.name or "\x00" in one.name:
        raise Invalid("The ZIP holds a file without a name.")
    path = PurePosixPath(one.name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or re.match("[A-Za-z]:", one.name):
        raise Invalid("The ZIP holds a file that leads out of its folder.")
    if one.flags & _ENCRYPTED:
        raise Invalid("The ZIP is encrypted. Upload it without a password.")
    if one.method not in (_STORED, _DEFLATED) or one.flags & ~_KNOWN_FLAGS:
        raise Invalid("The ZIP is compressed in a way that our downloads are not.")
    if one.size > LARGEST_FILE:
        raise Invalid(f"The ZIP holds a file of more than {LARGEST_FILE // 1024**2} MB: no policy is as large.")
    if one.size > RATIO_FROM and one.size > MOST_RATIO * max(one.packed, 1):
        raise Invalid("The ZIP holds a file that grows more than any policy does when it is unpacked.")
    if one.packed > one.size + one.size // 100 + 64 or (one.method == _STORED and one.packed != one.size):
        raise Invalid(_NO_ZIP)


def _check_places(stream: Seekable, listed: list[Entry], until: int) -> None:
    """One behind the other, from the first byte to the list of files: none overlaps, and nothing is between them."""
    at = 0
    for one in sorted(listed, key=lambda entry: entry.offset):
        if one.offset != at:
            raise Invalid(_NO_ZIP)
        at = _data_begin(stream, one) + one.packed
        at += _after(stream, one, at) if one.flags & _HAS_AFTER else 0
    if at != until:
        raise Invalid(_NO_ZIP)


def _data_begin(stream: Seekable, one: Entry) -> int:
    """Where its bytes begin; what is said before them has to be what the list of files says."""
    stream.seek(one.offset)
    head = stream.read(_LOCAL.size)
    if len(head) < _LOCAL.size:
        raise Invalid(_NO_ZIP)
    sign, _, flags, method, _, _, crc, packed, size, name_length, extra_length = _LOCAL.unpack(head)
    name, extra = stream.read(name_length), stream.read(extra_length)
    if sign != _LOCAL_SIGN or (name, flags, method) != (one.raw_name, one.flags, one.method):
        raise Invalid(_NO_ZIP)
    said_later = flags & _HAS_AFTER and (crc, packed, size) == (0, 0, 0)
    if not said_later and (crc, packed, size) != (one.crc, one.packed, one.size):
        raise Invalid(_NO_ZIP)
    if extra_length > LONGEST_EXTRA or _says_zip64(extra):
        raise Invalid(_NO_ZIP)
    return one.offset + _LOCAL.size + name_length + extra_length


def _after(stream: Seekable, one: Entry, at: int) -> int:
    """How many bytes say behind a file's own what was not known before them: as a download is made while it is sent."""
    stream.seek(at)
    if stream.read(16) != _AFTER_SIGN + struct.pack("<3L", one.crc, one.packed, one.size):
        raise Invalid(_NO_ZIP)
    return 16


def read(stream: Seekable, one: Entry) -> bytes:
    """Never more than its entry says. Raises Broken."""
    stream.seek(_data_begin(stream, one))
    packed = stream.read(one.packed)
    data = packed if one.method == _STORED else _inflated(packed, one.size)
    if len(data) != one.size or zlib.crc32(data) != one.crc:
        raise Broken
    return data


def _inflated(packed: bytes, size: int) -> bytes:
    stream: Any = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data: bytes = stream.decompress(packed, size + 1)
    except zlib.error as e:
        raise Broken from e
    if not stream.eof or stream.unused_data or stream.unconsumed_tail:
        raise Broken
    return data
