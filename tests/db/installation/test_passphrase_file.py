"""The sealed stream: what opens it, and what is found to be wrong with it."""

import io
import secrets

import pytest

from db.errors import Invalid
from db.installation import passphrase_file
from db.installation.passphrase_file import CHUNK_BYTES, open_sealed, read_head
from tests.support.old_exports import SealingWriter

PASSPHRASE = "correct horse battery"
PLAIN = secrets.token_bytes(2 * CHUNK_BYTES + 1000)


@pytest.fixture(scope="module")
def sealed():
    out = io.BytesIO()
    sealer = SealingWriter(out, PASSPHRASE, {"version": "1"})
    for begin in range(0, len(PLAIN), 70_000):
        sealer.write(PLAIN[begin : begin + 70_000])
    sealer.close()
    return out.getvalue()


@pytest.fixture(autouse=True)
def quick_key(monkeypatch):
    """The key's price is measured in docs/operating.md; here it would be paid for every damage."""
    monkeypatch.setitem(passphrase_file.SCRYPT, "n", 2)


@pytest.fixture(scope="module", autouse=True)
def quick_key_for_all():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(passphrase_file.SCRYPT, "n", 2)
        yield


def read(data, passphrase=PASSPHRASE):
    file = io.BytesIO(data)
    return open_sealed(file, read_head(file), passphrase).read()


def parts(data):
    """Both lines as one, and each chunk with its length."""
    head = read_head(io.BytesIO(data)).lines
    found, begin = [head], len(head)
    while begin < len(data):
        end = begin + 4 + int.from_bytes(data[begin : begin + 4])
        found.append(data[begin:end])
        begin = end
    return found


def test_what_was_written_is_read_and_nothing_of_it_shows(sealed):
    assert read(sealed) == PLAIN
    assert PLAIN[:64] not in sealed
    assert [len(part) for part in parts(sealed)[1:]] == [20, CHUNK_BYTES + 20, CHUNK_BYTES + 20, 1020]


def test_two_files_of_the_same_have_nothing_in_common(sealed):
    out = io.BytesIO()
    SealingWriter(out, PASSPHRASE, {"version": "1"}).close()
    assert parts(out.getvalue())[1] != parts(sealed)[1]


def test_another_passphrase_opens_nothing(sealed):
    with pytest.raises(Invalid, match="passphrase is wrong"):
        read(sealed, "correct horse batterz")


def test_the_same_letters_in_another_normal_form_open_it():
    out = io.BytesIO()
    SealingWriter(out, "Schlüssel für alles", {}).close()
    assert read(out.getvalue(), "Schlu\u0308ssel fu\u0308r alles") == b""


@pytest.mark.parametrize("kept", [1, 2, 3, 4])
def test_a_file_that_ends_after_any_chunk_is_damaged(sealed, kept):
    with pytest.raises(Invalid, match=r"damaged|beginning"):
        read(b"".join(parts(sealed)[:kept]))


@pytest.mark.parametrize("cut", [1, 900, 1020, 1023, CHUNK_BYTES])
def test_a_file_that_ends_within_a_chunk_is_damaged(sealed, cut):
    with pytest.raises(Invalid, match="damaged"):
        read(sealed[:-cut])


@pytest.mark.parametrize(
    "order", [(0, 1, 3, 2, 4), (0, 1, 2, 2, 3, 4), (0, 1, 3, 4), (0, 1, 4), (0, 2, 3, 4), (0, 1, 2, 3, 4, 4)]
)
def test_chunks_that_are_moved_repeated_or_missing_are_found(sealed, order):
    found = parts(sealed)
    with pytest.raises(Invalid, match=r"damaged|beginning"):
        read(b"".join(found[number] for number in order))


def test_a_changed_byte_is_found_wherever_it_is(sealed):
    ends = [len(b"".join(parts(sealed)[:count])) for count in range(1, 6)]
    places = {place for end in ends for place in (end - 2, end, end + 1, end + 3, end + 4) if place < len(sealed)}
    for place in sorted({0, 20, *places}):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(Invalid):
            read(bytes(changed))


def test_more_after_the_end_is_found(sealed):
    with pytest.raises(Invalid, match="damaged"):
        read(sealed + b"\0")


@pytest.mark.parametrize(
    "data",
    [b"", b"PK\x03\x04 else", *(b"Tenantkeep export " + rest for rest in (b"1\n", b"1\n{}\n", b"1\n[]\n", b"2\n{}\n"))],
)
def test_what_is_no_file_of_ours_is_said_to_be_none(data):
    with pytest.raises(Invalid, match=r"no export|header"):
        read(data)
