"""What `dramatiq actors.app` imports in each worker process: settings checked, database and keys bound, every actor."""

import config
from actors import logs, startup
from actors.every import broker

logs.configure(config.settings().log_format)
startup.prepare(config.settings())

__all__ = ["broker"]
