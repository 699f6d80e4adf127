import socket
from threading import Thread

import paramiko
import pytest

from actors.copies.stores.ssh_transport import explained, fingerprint, read_key, signed_in
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


@pytest.mark.parametrize(
    ("breaks_off", "sentence"), [(True, "The connection to the server broke"), (False, "does not let this user in")]
)
def test_a_connection_that_breaks_before_an_answer_is_no_refusal(breaks_off, sentence):
    """Whoever reads that the password is wrong changes one that is right."""

    class Doorkeeper(paramiko.ServerInterface):
        def check_auth_password(self, _user, _password):
            if breaks_off:
                accepted[0].shutdown(socket.SHUT_RDWR)
            return paramiko.AUTH_FAILED

    accepted, key = [], paramiko.ECDSAKey.generate()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            accepted.append(listening.accept()[0])
            server = paramiko.Transport(accepted[0])
            server.add_server_key(key)
            server.start_server(server=Doorkeeper())

        thread = Thread(target=serve)
        thread.start()
        host_key = fingerprint(key.asbytes()).replace("+", "%2B")
        address = f"sftp://me@127.0.0.1:{listening.getsockname()[1]}/x?host_key={host_key}"
        with pytest.raises(StoreError, match=sentence) as error:
            signed_in(address, {"password": "hunter2"})
        thread.join()
        accepted[0].close()
    assert error.value.is_passing is breaks_off
