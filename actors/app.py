"""What `dramatiq actors.app` imports: the settings checked, the broker, and every actor."""

import config
from actors import capture, logs, startup, sync
from actors.broker import broker

logs.configure(config.settings().log_format)
startup.prepare(config.settings())

__all__ = ["broker", "capture", "sync"]
