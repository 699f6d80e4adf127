"""Backups of a whole tenant, for the tests of this room."""

import pytest

import actors.backups.back_up
from db.audit.audit import Actor
from db.models import BackupSet


@pytest.fixture
def back_up(graph, worker, ended, cast):
    """back_up(**options) -> (ended run, its set)."""

    def act(**options):
        run = ended(actors.backups.back_up.start(cast.contoso, Actor.person(cast.ada, None), **options).run.id)
        return run, BackupSet.get(BackupSet.run == run)

    return act
