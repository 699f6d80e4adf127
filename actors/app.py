"""What `dramatiq actors.app` imports in each worker process: settings checked, database and keys bound, every actor."""

import config
from actors import logs, startup, stopping
from actors.every import broker

logs.configure(config.settings().log_format)
startup.prepare(config.settings())
stopping.take_doubled_signals_as_one()

__all__ = ["broker"]
