"""What `dramatiq actors.app` imports in each worker process: settings checked, database and keys bound, every actor."""

import config
from actors.all_actors import broker
from actors.process import logs, orderly_stop, startup

logs.configure(config.settings().log_format)
startup.prepare(config.settings())
orderly_stop.take_doubled_signals_as_one()

__all__ = ["broker"]
