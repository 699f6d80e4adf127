"""gunicorn, with the options that our pages are served with, and its lines in our log."""

from dataclasses import dataclass
from typing import Any

from gunicorn import glogging
from gunicorn.app.base import BaseApplication

import config
from actors.process import logs, startup
from db import private_file
from db.database import close_pooled_connections
from web import app
from web.serving.waitress_worker import WaitressWorker


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
        "logger_class": ServerLog,
        "accesslog": "-" if options.access_log else None,
    }


def serve(options: ServerOptions) -> None:
    """Serve until told to stop. Raises SettingsError or StartupError."""
    settings = config.settings()
    logs.configure(settings.log_format)
    startup.prepare_unless_away(settings)
    close_pooled_connections()  # what is forked must not share a connection
    Server(options).run()
