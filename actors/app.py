"""The module that `dramatiq actors.app` imports in each worker process: checks the settings, binds the database and the
keys, and imports every actor.
"""

import config
from actors.all_actors import broker
from actors.process import logs, orderly_stop, startup

logs.configure(config.settings().log_format)
startup.prepare(config.settings())
orderly_stop.merge_repeated_signals()
startup.collect_circles_rarely()

__all__ = ["broker"]
