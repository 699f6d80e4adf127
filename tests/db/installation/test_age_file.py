"""Age files: what is written here is opened by pyrage and the `age` program, and the other way round."""

import io
import os
import pty
import secrets
import shutil
import unicodedata

import pyrage
import pytest

from db.errors import Invalid
from db.installation import age_file
from db.installation.age_file import CHUNK_BYTES, AgeWriter

PASSPHRASE = "correct horse battery"
SIZES = (0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES + 5)


@pytest.fixture(autouse=True)
def quick_key(monkeypatch):
    """The price of a guess is the format's; here it would be paid for every damage."""
    monkeypatch.setattr(age_file, "WORK_FACTOR", 2)


def sealed(plain, passphrase=PASSPHRASE):
    out = io.BytesIO()
    writer = AgeWriter(out, passphrase)
    for begin in range(0, len(plain), 50_000):
        writer.write(plain[begin : begin + 50_000])
    writer.close()
    return out.getvalue()


def opened(data, passphrase=PASSPHRASE):
    return age_file.open_with_passphrase(io.BytesIO(data), passphrase).read()


@pytest.mark.parametrize("size", SIZES)
def test_what_one_seals_the_other_opens(size):
    plain = secrets.token_bytes(size)
    here = sealed(plain)
    assert pyrage.passphrase.decrypt(here, PASSPHRASE) == opened(here) == plain
    key = pyrage.x25519.Identity.generate()
    there = pyrage.encrypt(plain, [key.to_public()])
    assert age_file.open_with_keys(io.BytesIO(there), [key]).read() == plain
    with pytest.raises(Invalid, match="sealed to keys"):
        opened(there)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_words_open_whichever_way_they_were_written_as_it_was_sealed(form, monkeypatch):
    """age takes them as the machine gives them: in whole letters, or with their accents apart."""
    words = "  clé de la sûreté 日本 " + "x" * 5000 + " "
    with monkeypatch.context() as as_age:
        as_age.setattr(age_file, "_normal", lambda words: words)
        there = sealed(b"all of it", unicodedata.normalize(form, words))
    for typed in ("NFC", "NFD"):
        assert opened(there, unicodedata.normalize(typed, words)) == b"all of it"
    with pytest.raises(Invalid, match="passphrase is wrong"):
        opened(there, words.strip())


def test_the_standard_program_opens_it_and_we_what_it_seals(tmp_path):
    age = shutil.which("age")
    if not age:
        pytest.skip("age is not installed here")
    (tmp_path / "x.age").write_bytes(sealed(b"all of it"))
    assert on_terminal([age, "-d", "-o", tmp_path / "x", tmp_path / "x.age"]) == 0
    assert (tmp_path / "x").read_bytes() == b"all of it"


def on_terminal(command):
    """Run a program that asks for the passphrase on its terminal, as age does. Return its exit code."""
    process, terminal = pty.fork()
    if not process:
        os.execv(command[0], [str(part) for part in command])  # noqa: S606 - a terminal is what it asks on
    os.read(terminal, 1000)
    os.write(terminal, f"{PASSPHRASE}\n".encode())
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def test_whatever_is_changed_cut_off_or_added_does_not_open():
    """Each byte of the header, and bytes about the ends of chunks; each length around them."""
    plain = secrets.token_bytes(CHUNK_BYTES + 20)
    data = sealed(plain)
    begin = data.index(b"\n", data.index(b"\n---") + 1) + 1
    ends = [begin + 16, begin + 16 + CHUNK_BYTES + 16, len(data)]
    places = {*range(begin), *(place for end in ends for place in range(end - 2, min(end + 2, len(data))))}
    for place in sorted(places):
        # Not 1: in a digit of the work factor it would only ask for more memory.
        changed = data[:place] + bytes([data[place] ^ 0x80]) + data[place + 1 :]
        with pytest.raises(Invalid):
            opened(changed)
    for length in (0, 10, begin - 1, begin, begin + 8, ends[0], ends[0] + 5, ends[1], ends[1] + 1, len(data) - 1):
        with pytest.raises(Invalid):
            opened(data[:length])
    for more in (data + b"x", data[: ends[1]] + data[ends[0] :]):
        with pytest.raises(Invalid, match="damaged"):
            opened(more)


def test_a_wrong_passphrase_and_too_dear_a_file_are_said(monkeypatch):
    data = sealed(b"x")
    with pytest.raises(Invalid, match="passphrase is wrong"):
        opened(data, "correct horse batterz")
    assert opened(sealed(b"x", "Schlüssel für alles"), "Schlu\u0308ssel fu\u0308r alles") == b"x"
    dear = data.replace(b" 2\n", b" 30\n", 1)
    with pytest.raises(Invalid, match="more memory"):
        opened(dear)


def test_a_stream_to_keys_says_what_is_wrong_and_lets_go_when_nobody_reads_on():
    key, other = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    data = pyrage.encrypt(secrets.token_bytes(1_000_000), [key.to_public()])
    with pytest.raises(Invalid, match="another one"):
        age_file.open_with_keys(io.BytesIO(data), [other]).read()
    for wrong in (data[:-1], data[:-70_000], data + b"x", data[:300_000] + b"x" + data[300_001:], b""):
        with pytest.raises(Invalid, match="damaged"):
            age_file.open_with_keys(io.BytesIO(wrong), [key]).read()
    stream = age_file.open_with_keys(io.BytesIO(data), [key])
    assert len(stream.read(10)) == 10
    stream.close()
