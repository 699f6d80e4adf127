import paramiko
import pytest

from actors.copies.stores.ssh_transport import explained, read_key
from actors.copies.stores.store import StoreError, StoreRefused


def test_a_key_is_read_and_no_error_tells_what_was_said(tmp_path):
    with pytest.raises(StoreRefused, match="private key cannot be read"):
        read_key("no key", None)
    key = paramiko.ECDSAKey.generate()
    key.write_private_key_file(str(tmp_path / "key"), password="word")
    assert read_key((tmp_path / "key").read_text(), "word") == key
    for error in (paramiko.AuthenticationException("hunter2"), EOFError("hunter2"), PermissionError("hunter2"),
                  OSError(28, "hunter2")):  # fmt: skip
        with pytest.raises(StoreError) as refusal, explained():
            raise error
        assert "hunter2" not in refusal.value.sentence


def test_a_server_that_answers_rubbish_is_told_as_a_broken_connection():
    with pytest.raises(StoreError, match="The connection to the server broke"), explained():
        raise paramiko.SFTPError("Garbage packet received")
