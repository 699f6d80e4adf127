"""Git over SSH by paramiko: one command on the server, and what it reads and writes."""

from collections.abc import Mapping
from typing import Any

from dulwich.client import SSHVendor

from actors.copies.git.refusals import MAX_TEXT
from actors.copies.stores import ssh_transport
from actors.copies.stores.pace import Pace

ANSWER_SECONDS = 300.0


class OwnSsh(SSHVendor):
    """Signs in with what the store has sealed, to the server whose key the address names, and to no other."""

    def __init__(self, address: str, credentials: Mapping[str, str], pace: Pace) -> None:
        self._address, self._credentials, self._pace = address, credentials, pace

    def run_command(self, host: str, command: bytes, *_: Any, protocol_version: int | None = None, **__: Any) -> Any:
        """Start the command on the server. Raises StoreError."""
        transport = ssh_transport.signed_in(self._address, self._credentials)
        try:
            with ssh_transport.explained():
                return _Channel(transport, command, protocol_version, self._pace)
        except BaseException:
            transport.close()
            raise


class _Channel:
    """The command's input and output, as dulwich reads and writes them."""

    def __init__(self, transport: Any, command: bytes, protocol_version: int | None, pace: Pace) -> None:
        self._transport, self._channel, self._pace = transport, transport.open_session(), pace
        self._channel.settimeout(ANSWER_SECONDS)
        if protocol_version is None or protocol_version == 2:
            # git-scm.com, gitprotocol-v2: a server that does not take it speaks the older one.
            self._channel.set_environment_variable("GIT_PROTOCOL", "version=2")
        self._channel.exec_command(command)
        self._output = self._channel.makefile("rb")
        # Servers say there why they let nobody in. It is looked at for words that are known, and never repeated.
        self.stderr = _Complaints(self._channel)

    def read(self, size: int) -> bytes:
        data: bytes = self._output.read(size)
        return data

    def write(self, data: bytes) -> int:
        for piece in self._pace.pieces(data):
            self._channel.sendall(piece)
        return len(data)

    def can_read(self) -> bool:
        return bool(self._channel.recv_ready())

    def close(self) -> None:
        self._transport.close()


class _Complaints:
    """Reads what the command complained of until now: a server that says no more is not waited for."""

    def __init__(self, channel: Any) -> None:
        self._channel = channel

    def readlines(self) -> list[bytes]:
        said = b""
        while self._channel.recv_stderr_ready() and len(said) < MAX_TEXT:
            said += self._channel.recv_stderr(MAX_TEXT)
        return said.splitlines(keepends=True)

    def read(self, _size: int = -1) -> bytes:
        return b"".join(self.readlines())

    def close(self) -> None:
        """Do nothing: it is the channel's."""
