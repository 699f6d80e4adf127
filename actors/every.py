"""Every actor, imported so that the broker knows it."""

from actors import capture, sync
from actors.broker import broker

__all__ = ["broker", "capture", "sync"]
