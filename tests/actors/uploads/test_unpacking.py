"""Whatever bytes are uploaded: taken as what they are, or refused with a sentence, in memory that is bounded."""

import io
import json
import random
import subprocess
import sys
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.uploads import zip_files
from actors.uploads.unpacking import UploadedSet
from db.errors import Invalid
from tests.support.strategies import json_of, texts
from tests.support.zip_uploads import DIRECTORY, GOOD, line, read, zipped


def taken(data):
    """The ids of what an upload holds; what is refused is refused with a sentence, and nothing else happens."""
    try:
        kept, left_out = read(data)
    except Invalid as e:
        return _said([str(e)])
    _said(left_out)
    return list(kept)


def _said(sentences):
    assert all(one.endswith(".") for one in sentences), sentences


def test_an_upload_that_was_cut_short_anywhere_is_refused():
    data = zipped()
    assert taken(data) == ["good"]
    assert {length for length in range(len(data)) if taken(data[:length])} == set()


def test_a_file_whose_name_begins_with_nothing_is_refused():
    """zipfile cuts a name at its NUL, and then falls over what is left of it."""
    data = bytearray(zipped())
    data[data.index(b"PK\x01\x02") + 46] = 0
    assert taken(bytes(data)) is None


@given(st.lists(st.tuples(st.integers(0, len(zipped()) - 1), st.integers(0, 255)), min_size=1, max_size=30))
def test_bytes_that_were_changed_are_found_or_change_nothing(changes):
    data = bytearray(zipped())
    for place, byte in changes:
        data[place] = byte
    assert taken(bytes(data)) in (None, [], ["good"])


names = st.sampled_from(
    ["directory_id", "policies", "file", "policy_type", "graph_id", "name", "fingerprint", "references"]
)


@given(json_of(names) | st.fixed_dictionaries({"directory_id": st.just(DIRECTORY), "policies": json_of(names)}))
def test_a_manifest_of_any_shape_is_taken_or_refused(manifest):
    assert not taken(zipped(manifest=json.dumps(manifest)))


@given(
    st.dictionaries(st.sampled_from(["name", "graph_id", "references", "policy_type"]), texts | json_of(texts)),
    json_of(st.sampled_from(["body", "assignments", "settings", "x"])),
)
def test_a_line_and_a_document_of_any_shape_are_taken_as_they_can_be_kept(changes, document):
    data = zipped([("odd.json", json.dumps(document))], [line("odd", GOOD, **changes)])
    for one in UploadedSet(io.BytesIO(data)).lines:
        kept = json.dumps([one.says, one.graph_id, one.policy_type], ensure_ascii=False)
        assert "\x00" not in kept
        kept.encode()
    assert taken(data) is not None


@pytest.mark.parametrize("name", ["con.json", "aux", "NUL.txt", "a" * 300 + ".json", "é/ü.json", "dir/"])
def test_names_that_a_disk_would_mind_do_no_harm_for_nothing_is_written(name):
    assert taken(zipped([(name, "{}")])) == ["good"]


def test_a_link_is_a_file_like_any_other():
    link = zipfile.ZipInfo("link.json")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    assert taken(zipped([(link, "/etc/passwd")], [line("link", GOOD)])) == ["good"]


def overlapping():
    """Two entries whose bytes are the same ones: what makes a small file unpack to anything."""
    data = zipped([("twin.json", json.dumps(GOOD))], [line("twin", GOOD)])
    entry = data.index(b"twin.json", data.index(b"PK\x01\x02")) - 4  # where its bytes begin, as the list of files says
    return data[:entry] + bytes(4) + data[entry + 4 :]


def test_entries_that_overlap_are_refused():
    assert taken(overlapping()) is None


BOMBS = """
import resource, sys
from tests.actors.uploads.test_unpacking import bombs, taken

resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]), int(sys.argv[1])))
for name, data in bombs():
    taken(data)
    print(name)
"""
# Of the whole process, with all that it imports.
MOST_MEMORY = 1024 * 1024 * 1024


def bombs():
    """Each small, and as large unpacked as the limits let it be."""
    size = zip_files.MAX_FILE_BYTES - 100
    noise = random.Random(2).randbytes(size // zip_files.MAX_RATIO * 2).hex().encode()
    rest = size - len(noise)
    for name, filler in (
        ("lists", b"[]," * (rest // 3)),
        ("letters", b'"' + "😀".encode() * (rest // 4) + b'",'),
        ("digits", b"1" * rest + b","),
    ):
        yield name, zipped([("bomb.json", b'{"body": {"a": [' + filler + b'"' + noise + b'"]}}')], [line("bomb", GOOD)])
    yield "manifest", zipped(manifest=b'{"policies": [' + b"{}," * (rest // 3) + b'"' + noise + b'"]}')
    many = [(f"{number}.json", b" " * (zip_files.RATIO_FROM - 1)) for number in range(8)]
    yield "many", zipped(many, [line(str(number), GOOD) for number in range(8)])


def test_a_bomb_never_takes_more_memory_than_there_is():
    done = subprocess.run([sys.executable, "-c", BOMBS, str(MOST_MEMORY)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split() == ["lists", "letters", "digits", "manifest", "many"]


def test_more_files_than_any_backup_has_are_refused_unread():
    many = [(f"{number:05}.json", b"") for number in range(zip_files.MAX_FILES)]
    with pytest.raises(Invalid, match="more than 20,000 files"):
        UploadedSet(io.BytesIO(zipped(many)))
