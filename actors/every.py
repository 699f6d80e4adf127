"""Every actor, imported so that the broker knows it."""

from actors import back_up, capture, sync
from actors.broker import broker

__all__ = ["back_up", "broker", "capture", "sync"]
