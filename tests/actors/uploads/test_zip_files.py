"""The reader of uploaded ZIPs: what is written as our downloads are is read, and every other ZIP is refused at once."""

import io
import json
import random
import struct
import time
import zipfile

import pytest

from actors.uploads import zip_files
from db.errors import Invalid
from graph.content.fingerprint import content_hash
from tests.support.zip_uploads import DIRECTORY, GOOD, line, read, zipped
from web.presentation.backup_zip import ChunkBuffer

# Of the processor: far more than it takes, so that a machine under load is no finding.
MOST_SECONDS = 10


def refusal(data):
    """The sentence; and how long it took."""
    before = time.process_time()
    with pytest.raises(Invalid) as caught:
        zip_files.read_entries(io.BytesIO(data))
    assert time.process_time() - before < MOST_SECONDS
    return str(caught.value)


def ended(data, **changes):
    """The ZIP with another end."""
    names = ("sign", "disk", "first", "here", "count", "size", "begin", "comment")
    said = dict(zip(names, struct.unpack("<4s4H2LH", data[-22:]), strict=True)) | changes
    return data[:-22] + struct.pack("<4s4H2LH", *said.values())


def changed(data, sign, at, value):
    """The first record of this sort says something else."""
    place = data.index(sign) + at
    return data[:place] + value + data[place + len(value) :]


def bomb():
    """Its end says, to who looks for the last sign of an end, that the list of files is empty."""
    fields = (b"PK\1\2", 20, 3, 20, 0, 0, 0, 0, 33, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0)
    entry = struct.pack("<4s4B4HL2L5H2L", *fields)
    directory = b"".join(entry + b"%08x" % number for number in range(100_000))
    return directory + b"PK\5\6\0\0\0\0" + b"PK\5\6" + struct.pack("<LLH", len(directory), 0, 0)


def with_locator():
    data = zipped()
    return data[:-22] + struct.pack("<4sLQL", b"PK\6\7", 0, 0, 1) + data[-22:]


def twice_ended():
    data = zipped()
    return data + data[-22:]


def hidden_in_a_comment():
    inner = zipped([("evil.json", "{}")])
    return ended(zipped(), comment=len(inner)) + inner


def long_name():
    return zipped([("n" * 60_000 + ".json", "{}")])


def zip64_extra():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file, file.open("a.json", "w", force_zip64=True) as one:
        one.write(b"{}")
    return out.getvalue()


def overlapping():
    """Two entries of one and the same bytes."""
    data = zipped([("twin.json", json.dumps(GOOD))], [line("twin", GOOD)])
    entry = data.index(b"twin.json", data.index(b"PK\x01\x02")) - 4
    return data[:entry] + bytes(4) + data[entry + 4 :]


def between():
    """Bytes before the first file, which some readers forgive."""
    data = zipped()
    return b"#!/bin/sh\n" + data


def downloaded(policies):
    """As web sends a backup set while it is made."""
    sink, lines = ChunkBuffer(), []
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as file:
        for number, document in enumerate(policies):
            said = {"policy_type": "configurationPolicies", "name": document["body"]["name"], "fingerprint": "0"}
            lines.append(
                {"file": f"é {number}.json", "graph_id": f"é {number}", **said, "sha256": content_hash(document)}
            )
            file.writestr(lines[-1]["file"], json.dumps(document, indent=2))
        file.writestr("manifest.json", json.dumps({"directory_id": DIRECTORY, "count": len(lines), "policies": lines}))
    return sink.take()


def test_a_download_of_many_large_policies_passes():
    settings = [{"id": str(n), "settingInstance": {"@odata.type": "#x", "value": "v" * 40}} for n in range(50)]
    policies = [{"body": {"name": f"Policy {n}", "settings": settings}, "assignments": []} for n in range(900)]
    kept, left_out = read(downloaded(policies))
    assert (len(kept), left_out) == (900, [])


def test_a_download_with_other_bytes_is_refused_or_says_the_same():
    data, chance = downloaded([GOOD, GOOD | {"assignments": None}]), random.Random(7)
    whole = read(data)[0]
    for _ in range(1500):
        other = bytearray(data)
        for _ in range(chance.randint(1, 4)):
            other[chance.randrange(len(other))] = chance.randrange(256)
        try:
            kept, _problems = read(bytes(other))
        except Invalid:
            continue
        assert kept.items() <= whole.items()


HOSTILE = {
    "the bomb of two ends": bomb,
    "ZIP64": with_locator,
    "ZIP64 in an entry": zip64_extra,
    "two ends": twice_ended,
    "a ZIP in the comment": hidden_in_a_comment,
    "a comment": lambda: ended(zipped(), comment=1) + b"x",
    "a count that lies": lambda: ended(zipped(), here=1, count=1),
    "counts that differ": lambda: ended(zipped(), here=1),
    "a size that lies": lambda: ended(zipped(), size=10),
    "a beginning that lies": lambda: ended(zipped(), begin=0),
    "another disk": lambda: ended(zipped(), disk=1),
    "more files than any backup": lambda: ended(zipped(), here=20_001, count=20_001),
    "names of 60 KB": long_name,
    "overlapping": overlapping,
    "something before it": between,
    "a name that is none": lambda: changed(zipped([("é.json", "{}")]), "é".encode(), 0, b"\xff\xff"),
    "another name before its bytes": lambda: changed(zipped(), b"good.json", 0, b"evil.json"),
    "another size before its bytes": lambda: changed(zipped(), b"PK\3\4", 22, b"\1\0\0\0"),
    "another sum before its bytes": lambda: changed(zipped(), b"PK\3\4", 14, b"\1\0\0\0"),
    "a comment of an entry": lambda: changed(zipped(), b"PK\1\2", 32, b"\1\0"),
    "stored, and shorter": lambda: changed(zipped(method=zipfile.ZIP_STORED), b"PK\1\2", 20, b"\1\0\0\0"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_zip_that_is_written_otherwise_is_refused_with_a_sentence(what):
    assert refusal(HOSTILE[what]()).endswith(".")


def test_each_of_many_tiny_files_is_bounded_too():
    many = zipped([(f"{number:05}.json", b"{}") for number in range(19_000)])
    before = time.process_time()
    assert len(zip_files.read_entries(io.BytesIO(many))) == 19_002
    assert time.process_time() - before < MOST_SECONDS


def test_a_file_never_unpacks_to_more_than_it_says():
    data = zipped([("big.json", b" " * 5_000_000)])
    for at in (b"PK\1\2", b"PK\3\4"):
        place = data.index(b"big.json", data.index(at)) - (46 if at == b"PK\1\2" else 30)
        size = place + (24 if at == b"PK\1\2" else 22)
        data = data[:size] + struct.pack("<L", 10_000) + data[size + 4 :]
    entry = zip_files.read_entries(io.BytesIO(data))["big.json"]
    with pytest.raises(zip_files.BrokenEntry):
        zip_files.read_entry(io.BytesIO(data), entry)
