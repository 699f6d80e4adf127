"""Answers to what starts or makes something: 202 with the run's address, 201 with the restore's."""

from collections.abc import Callable, Mapping
from typing import Any

from actors.queue.enqueue import EnqueuedRun
from db.models import Restore
from web.api.endpoints import ApiAnswer
from web.api.idempotency import TAKES, once
from web.api.representations import restores, runs
from web.api.representations.restores import RestoreDetailsJson
from web.api.representations.runs import StartedRunJson

# What every route that starts a run declares, and every one that makes a restore.
STARTS: Mapping[str, Any] = {
    "status": 202,
    "returns": StartedRunJson,
    "headers": {"Location": "The address of the run, to follow it."},
    "takes": TAKES,
    "problems": (400, 409, 422),
}
MAKES: Mapping[str, Any] = {
    "status": 201,
    "returns": RestoreDetailsJson,
    "headers": {"Location": "The address of the restore."},
    "takes": TAKES,
    "problems": (400, 409, 422),
}


def start_once(act: Callable[[], EnqueuedRun]) -> ApiAnswer:
    """Start a run, or with a key that came before, answer what was answered then."""

    def start() -> ApiAnswer:
        started = act()
        return ApiAnswer(runs.started(started), {"Location": runs.address(started.run.id)})

    return once(start)


def make_once(act: Callable[[], Restore]) -> ApiAnswer:
    """Make a draft of a restore, or with a key that came before, answer what was answered then."""

    def make() -> ApiAnswer:
        restore = act()
        document = restores.details(Restore.get_by_id(restore.id))
        return ApiAnswer(document, {"Location": restores.address(restore.id)})

    return once(make)
