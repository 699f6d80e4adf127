"""Git over SSH by paramiko: one command on the server, and what it reads and writes."""

from collections.abc import Mapping
from typing import Any

from dulwich.client import SSHVendor

from actors.copies.stores import ssh_transport

ANSWER_SECONDS = 300.0


class OwnSsh(SSHVendor):
    """Signs in with what the store has sealed, to the server whose key the address names, and to no other."""

    def __init__(self, address: str, credentials: Mapping[str, str]) -> None:
        self._address, self._credentials = address, credentials

    def run_command(self, host: str, command: bytes, *_: Any, protocol_version: int | None = None, **__: Any) -> Any:
        """Start the command on the server. Raises StoreError."""
        transport = ssh_transport.signed_in(self._address, self._credentials)
        try:
            with ssh_transport.explained():
                return _Channel(transport, command, protocol_version)
        except BaseException:
            transport.close()
            raise


class _Channel:
    """The command's input and output, as dulwich reads and writes them."""

    # What the command complains of is the server's business, and may hold anything.
    stderr = None

    def __init__(self, transport: Any, command: bytes, protocol_version: int | None) -> None:
        self._transport, self._channel = transport, transport.open_session()
        self._channel.settimeout(ANSWER_SECONDS)
        if protocol_version is None or protocol_version == 2:
            # git-scm.com, gitprotocol-v2: a server that does not take it speaks the older one.
            self._channel.set_environment_variable("GIT_PROTOCOL", "version=2")
        self._channel.exec_command(command)
        self._output = self._channel.makefile("rb")

    def read(self, size: int) -> bytes:
        data: bytes = self._output.read(size)
        return data

    def write(self, data: bytes) -> int:
        self._channel.sendall(data)
        return len(data)

    def can_read(self) -> bool:
        return bool(self._channel.recv_ready())

    def close(self) -> None:
        self._transport.close()
