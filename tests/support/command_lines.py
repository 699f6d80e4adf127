"""`tenantkeep` as a person types it: what is typed, and what came of it."""

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import peewee as pw
import pytest
from click.testing import CliRunner

import config
from db import database as engine
from db import encryption
from tests.support import servers
from web.commands import main

# Actors bind to the Redis of the settings that a process begins with.
OF_A_PROCESS = {"TENANTKEEP_REDIS_URL", "TENANTKEEP_REDIS_PREFIX"}

Preparing = Callable[[], object]


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


def tenantkeep(*words: str, stdin: str = "", preexec_fn: Preparing | None = None, **environment: str) -> Done:
    """Run a command in this process, as its own `main` does, which takes a tenth of the time.

    One that asks another Redis, or is given something that only a process has, is a process.
    """
    if preexec_fn or OF_A_PROCESS & environment.keys():
        return process(*words, stdin=stdin, preexec_fn=preexec_fn, **environment)
    bound, handlers, umask = engine.database.obj, logging.getLogger().handlers[:], os.umask(0o022)
    is_open = bound is not None and not bound.is_closed()
    with ExitStack() as until_done:
        until_done.callback(_give_back, bound, is_open, handlers, umask)
        patch = until_done.enter_context(pytest.MonkeyPatch.context())
        until_done.enter_context(_own_handles(patch, bound))
        patch.setattr(sys, "argv", ["tenantkeep", *words])
        for name, value in environment.items():
            patch.setenv(name, value)
        config.settings.cache_clear()
        out, err, _ = until_done.enter_context(CliRunner().isolation(input=stdin))
        with pytest.raises(SystemExit) as ended:
            main()
        return Done(ended.value.code or 0, out.getvalue().decode(), err.getvalue().decode())


def process(
    *words: str, stdin: str = "", preexec_fn: Preparing | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own; none ever answers with a traceback."""
    done = subprocess.run(
        [servers.TENANTKEEP, *words],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=servers.ROOT,
        env=servers.environment(**environment),
        preexec_fn=preexec_fn,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


@contextmanager
def _own_handles(patch: pytest.MonkeyPatch, bound: pw.Database | None) -> Iterator[None]:
    """Let the command use the test's handle for the test's database, under a worker too; and let go of any other."""
    url, bind, others = os.environ.get("TENANTKEEP_DATABASE_URL"), engine.bind_database, []

    def bind_other(asked: str) -> pw.Database:
        if bound is not None and asked == url:
            engine.database.initialize(bound)
            return bound
        others.append(bind(asked))
        return others[-1]

    if bound is not None:
        bound.close()
    patch.setattr(engine, "bind_database", bind_other)
    yield
    for other in others:
        other.close_all()


def _give_back(bound: pw.Database | None, is_open: bool, handlers: list[logging.Handler], umask: int) -> None:
    """Put back what a command sets for its process."""
    os.umask(umask)
    logging.getLogger().handlers[:] = handlers
    config.settings.cache_clear()
    if bound is not None:
        engine.database.initialize(bound)
    if is_open:
        encryption.use_keys(config.settings().encryption_keys)
        bound.connect(reuse_if_open=True)
