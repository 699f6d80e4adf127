"""gunicorn, with the options that our pages are served with, and its lines in our log."""

import os
import socket
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gunicorn import glogging
from gunicorn.app.base import BaseApplication

import config
from actors.process import logs, startup
from actors.process.startup import StartupError
from db import private_file
from db.database import database
from web import app
from web.serving.waitress_worker import WaitressWorker

_UNIX = "unix:"
# A proxy of the same machine is another user, which its administrator puts into our group. Nobody else gets in: who
# talks to the socket may say which address a client has.
_SOCKET_MODE = 0o660


@dataclass(frozen=True)
class ServerOptions:
    bind: str
    processes: int
    threads: int
    shutdown_seconds: int
    access_log: bool


class ServerLog(glogging.Logger):
    """gunicorn's log, written like all others: one format, secrets masked."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for log in (self.error_log, self.access_log):
            log.handlers.clear()
            log.propagate = True


class Server(BaseApplication):
    """gunicorn with our options. It reads neither a gunicorn.conf.py nor GUNICORN_CMD_ARGS."""

    def __init__(self, options: ServerOptions) -> None:
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in _gunicorn_settings(self._options).items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return app.load_app()


def _gunicorn_settings(options: ServerOptions) -> dict[str, Any]:
    return {
        "bind": options.bind,
        "worker_class": WaitressWorker,
        "workers": options.processes,
        "threads": options.threads,
        "graceful_timeout": options.shutdown_seconds,
        "umask": private_file.UMASK,
        # Longer than the proxy before us keeps a connection: it must not send a request into one that just closed.
        "keepalive": 65,
        "max_requests": 20_000,
        "max_requests_jitter": 2_000,
        # It would listen for orders on a socket below $HOME, which a service's user may not have.
        "control_socket_disable": True,
        "when_ready": _let_group_in,
        "logger_class": ServerLog,
        "accesslog": "-" if options.access_log else None,
    }


def _let_group_in(server: Any) -> None:
    for listener in server.LISTENERS:
        if listener.FAMILY == socket.AF_UNIX:
            os.chmod(listener.cfg_addr, _SOCKET_MODE)


def _check_socket(bind: str) -> None:
    """Raise StartupError where no socket can be made. gunicorn takes away one that is there, in use or left behind."""
    if not bind.startswith(_UNIX):
        return
    path = Path(bind.removeprefix(_UNIX))
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise StartupError(f"{path} cannot be made: there is no folder {path.parent} that this user may write to.")
    if path.exists() and not path.is_socket():
        raise StartupError(f"{path} is there already, and is no socket. Name another one.")
    with closing(socket.socket(socket.AF_UNIX)) as client:
        if client.connect_ex(str(path)) == 0:
            raise StartupError(f"Another process serves at {path} already. End it, or name another socket.")


def serve(options: ServerOptions) -> None:
    """Serve until told to stop. Raises SettingsError or StartupError."""
    settings = config.settings()
    logs.configure(settings.log_format)
    _check_socket(options.bind)
    startup.prepare_unless_away(settings)
    database.close_all()  # what is forked must not share a connection
    Server(options).run()
