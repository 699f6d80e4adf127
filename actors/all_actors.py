"""The registry: imports every actor, so that the broker knows it."""

from actors.assignments import look_up
from actors.backups import back_up, capture, indexing, look, sync, watch
from actors.changes import assessment
from actors.connecting import connect
from actors.copies import push, tending
from actors.definitions import fill
from actors.documents import making
from actors.housekeeping import daily_prune
from actors.imports import import_run
from actors.notices import deliver
from actors.people import entra_recheck
from actors.plans import preview
from actors.queue.broker import broker
from actors.readiness import assess
from actors.rehearsals import rehearse
from actors.restores import live_restore
from actors.rollouts import rolling_out
from actors.tenants import credential_change, shared_app_change
from actors.uploads import upload

__all__ = [
    "assess",
    "assessment",
    "back_up",
    "broker",
    "capture",
    "connect",
    "credential_change",
    "daily_prune",
    "deliver",
    "entra_recheck",
    "fill",
    "import_run",
    "indexing",
    "live_restore",
    "look",
    "look_up",
    "making",
    "preview",
    "push",
    "rehearse",
    "rolling_out",
    "shared_app_change",
    "sync",
    "tending",
    "upload",
    "watch",
]
