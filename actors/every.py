"""Every actor, imported so that the broker knows it."""

from actors import back_up, capture, credential, preview, pruning, rechecking, restore, sync, uploads
from actors.broker import broker

__all__ = [
    "back_up",
    "broker",
    "capture",
    "credential",
    "preview",
    "pruning",
    "rechecking",
    "restore",
    "sync",
    "uploads",
]
