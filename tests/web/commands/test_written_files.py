"""Every file that a command writes: its owner's alone, whole or not there, and never over one that is there."""

import os
import subprocess
from pathlib import Path

import click
import pytest

from db import private_file
from db.errors import Invalid
from tests.support import two_tenants
from tests.support.command_lines import tenantkeep
from web.commands import cli

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PASSPHRASE = "correct horse battery\n"
# Every command with a file to write, as it is typed; {} is the file.
WRITERS = {
    "download": "download {set} {} --with-secrets",
    "audit export": "audit export {}",
    "export-all": "export-all {} --passphrase-stdin",
}
# Written by the same means, after a worker has made it: tests/web/commands/test_document_command.py.
THROUGH_THE_QUEUE = {"document"}
# What takes a file and writes none.
READERS = {
    "import-all",
    "recovery-key check",
    "recovery-key prove",
    "import",
    "audit verify",
    "tenant add",
    "tenant credential",
    "tenant import",
    "demo",
    "recover",
}


def with_a_file(group, words=()):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from with_a_file(command, (*words, name))
        elif any(isinstance(param.type, click.Path) for param in command.params):
            yield " ".join((*words, name))


def mode(path):
    return oct(path.stat().st_mode & 0o777)


@pytest.fixture
def line(database, _password_hash):
    """line(command, file) -> its words."""
    held = two_tenants.hold(two_tenants.OWN, "Contoso", two_tenants.OWN_DIGITS, _password_hash)
    return lambda name, file: WRITERS[name].format(str(file), set=held.ids["backup_set_id"]).split()


def test_every_command_that_takes_a_file_is_known_here(database_url):
    assert set(with_a_file(cli)) == set(WRITERS) | READERS | THROUGH_THE_QUEUE, (
        "does it write the file? Then it belongs to WRITERS"
    )


def test_it_is_its_owners_alone_and_not_written_over_unless_forced(line, tmp_path):
    for name in WRITERS:
        file = tmp_path / name.replace(" ", "-")
        words = line(name, file)
        done = tenantkeep(*words, stdin=PASSPHRASE, preexec_fn=lambda: os.umask(0))
        assert (done.returncode, mode(file)) == (0, "0o600"), done.stderr
        file.write_text("what was there")
        refused = tenantkeep(*words, stdin=PASSPHRASE)
        assert (refused.returncode, "add --force" in refused.stderr) == (64, True), name
        assert file.read_text() == "what was there"
        file.chmod(0o644)
        assert tenantkeep(*words, "--force", stdin=PASSPHRASE).returncode == 0
        assert (file.stat().st_size > 100, mode(file)) == (True, "0o600")
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


def test_what_is_no_ordinary_file_or_cannot_be_written_is_said_and_nothing_is_left(database_url, tmp_path):
    for path, sentence in ((tmp_path, "no ordinary file"), (tmp_path / "nowhere" / "x", "No such file")):
        with pytest.raises(Invalid, match=sentence), private_file.writing(path, force=True):
            pass
    with pytest.raises(KeyboardInterrupt), private_file.writing(tmp_path / "half") as out:
        out.write(b"half of it")
        raise KeyboardInterrupt
    assert not list(tmp_path.glob("*half*"))


def test_a_database_that_migrating_makes_is_its_owners_alone_and_an_older_one_becomes_so(database_url, tmp_path):
    place = {"TENANTKEEP_DATABASE_URL": f"sqlite:///{tmp_path}/new.db"}
    assert tenantkeep("migrate", preexec_fn=lambda: os.umask(0), **place).returncode == 0
    lock, path = tmp_path / "new.db.migrate-lock", tmp_path / "new.db"
    assert (mode(path), mode(lock)) == ("0o600", "0o600")
    path.chmod(0o664)
    assert tenantkeep("migrate", **place).returncode == 0
    assert mode(path) == "0o660", "a group that was let in stays in"


def test_the_documented_recipe_leaves_a_private_key_to_nobody_else(database_url, tmp_path):
    text = (Path(__file__).parents[3] / "docs" / "connecting.md").read_text()
    block = text.partition("openssl req")[0].rpartition("```")[2] + "openssl req"
    block += text.partition("openssl req")[2].partition("```")[0]
    subprocess.run(["sh", "-euc", block.replace("rsa:3072", "rsa:2048")], cwd=tmp_path, check=True, capture_output=True)
    assert {path.name: mode(path) for path in tmp_path.glob("*.pem")} == dict.fromkeys(
        ("key.pem", "certificate.pem", "tenantkeep.pem"), "0o600"
    )
