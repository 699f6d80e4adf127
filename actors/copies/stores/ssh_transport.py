"""Signing in over SSH, by paramiko. The server's key is known before: no other is spoken to.

The fingerprint of the key stands in the address.
"""

import base64
import hashlib
import io
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import parse_qs, unquote, urlsplit

import paramiko

from actors.copies.stores import network
from actors.copies.stores.store import FULL, NO_ROOM, StoreError, StoreRefused

CONNECT_SECONDS = 10


def signed_in(address: str, credentials: Mapping[str, str]) -> paramiko.Transport:
    """Connect to the host of an address, and sign in there. Raises StoreError."""
    parts = urlsplit(address)
    expected = parse_qs(parts.query)["host_key"][0]
    host, port = str(parts.hostname), parts.port or 22
    network.check_host(host, port)
    with explained():
        transport = paramiko.Transport(socket.create_connection((host, port), CONNECT_SECONDS))
        try:
            _sign_in(transport, unquote(parts.username or ""), expected, credentials)
        except BaseException:
            transport.close()
            raise
    return transport


def _sign_in(transport: paramiko.Transport, user: str, expected: str, credentials: Mapping[str, str]) -> None:
    transport.start_client(timeout=CONNECT_SECONDS)
    if fingerprint(transport.get_remote_server_key().asbytes()) != expected:
        raise StoreRefused("The server shows another host key than the address names. Nothing was said to it.")
    try:
        if "private_key" in credentials:
            transport.auth_publickey(user, read_key(credentials["private_key"], credentials.get("passphrase")))
        else:
            transport.auth_password(user, credentials["password"])
    except paramiko.AuthenticationException as e:
        # The library takes a connection that broke before any answer for a refusal: auth_handler.py.
        if "saw EOF" in str(e):
            raise EOFError from None
        raise


def fingerprint(key: bytes) -> str:
    """Return a host key's fingerprint as OpenSSH prints it: SHA256 and base64 without its end."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


def read_key(text: str, passphrase: str | None) -> paramiko.PKey:
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            return kind.from_private_key(io.StringIO(text), passphrase)
        except (paramiko.SSHException, ValueError, IndexError):
            continue
    raise StoreRefused("The private key cannot be read: an OpenSSH key (Ed25519, ECDSA, RSA), and its passphrase.")


@contextmanager
def explained() -> Iterator[None]:
    """Turn the client's errors into StoreError, with nothing in it of what was sent or answered."""
    try:
        yield
    except StoreError:
        raise
    except paramiko.AuthenticationException:
        raise StoreRefused("The server does not let this user in: check user, and password or key.") from None
    except (paramiko.SSHException, paramiko.SFTPError, EOFError, TimeoutError, ConnectionError):
        raise StoreError("The connection to the server broke, or it does not answer.") from None
    except PermissionError:
        raise StoreRefused("The server refuses: the user may not write there.") from None
    except OSError as e:
        if e.errno in NO_ROOM:
            raise StoreError(FULL) from None
        # Servers of SFTP's version 3 say no more than “failure”, also when their disk is full.
        raise StoreError("The server did not do it. Is its disk full, or may the user not write there?") from None
