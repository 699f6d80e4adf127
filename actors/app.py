"""The module that `dramatiq actors.app` imports in each worker process: checks the settings, binds the database and the
keys, and imports every actor.
"""

import gc

import config
from actors.all_actors import broker
from actors.process import logs, orderly_stop, startup

# Nearly all objects of a worker are JSON, which holds no circles. Looking for some after every 700 new objects, and
# among all that was imported, took a tenth of its processor time (docs/benchmarks.md).
COLLECTED_AFTER = 50_000

logs.configure(config.settings().log_format)
startup.prepare(config.settings())
orderly_stop.merge_repeated_signals()
gc.freeze()
gc.set_threshold(COLLECTED_AFTER)

__all__ = ["broker"]
