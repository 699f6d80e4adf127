"""SQLite on a disk of its own that fills up: named in words wherever it shows, once, and healed by room."""

import json
import time

import pytest

from actors.process import logs
from actors.queue.enqueue import enqueue_new
from actors.queue.run_actor import run_claimed
from db import database as engine
from db.audit.audit import SYSTEM
from db.models import Run
from db.runs import runs
from db.states import RunKind
from tests.fixtures.database import fresh_database
from tests.support import servers, small_disks
from tests.support.command_lines import tenantkeep
from tests.support.environment import PASSWORD
from tests.support.forms import csrf_token


@pytest.fixture
def disk(tmp_path):
    """A folder on a disk of 6 MB."""
    with small_disks.mounted(tmp_path / "disk", "6m") as place:
        yield place


@pytest.fixture
def database_url(request, disk):
    with fresh_database(request, "sqlite", disk / "tenantkeep.db") as url:
        yield url


def test_a_full_disk_is_named_once_without_a_traceback_and_room_heals_it(graph, cast, client, disk, tmp_path):
    token = csrf_token(client, "/sign-in")
    environment = servers.environment(TENANTKEEP_LOG_FORMAT="json")
    with (
        (tmp_path / "log").open("w") as log,
        servers.running([servers.TENANTKEEP, "worker", "--processes", "1"], env=environment, stderr=log),
        servers.running([servers.TENANTKEEP, "scheduler"], env=environment, stderr=log),
    ):
        assert tenantkeep("sync", "Contoso", "--wait").returncode == 0
        run = runs.start(tenant=cast.contoso, kind=RunKind.SYNC, dedupe_key="policy.sync:1", items=[], actor=SYSTEM).run
        small_disks.fill(disk)
        with pytest.raises(engine.pw.OperationalError):  # the message is sent; that it was cannot be written
            enqueue_new(runs.StartedRun(run, True))
        answer = client.post("/sign-in", data={"email": cast.ada.email, "password": PASSWORD, "csrf_token": token})
        assert (answer.status_code, "disk is full" in answer.get_data(as_text=True)) == (503, True)
        assert "MB are free" in client.get("/readyz").json["troubles"]["disk"]
        assert "MB are free" in tenantkeep("doctor").stdout
        servers.wait_for(lambda: "disk is full" in (tmp_path / "log").read_text(), "the worker's or scheduler's word")
        time.sleep(5)  # in which neither says it again and again
        (disk / "filler").unlink()
        servers.wait_for(lambda: Run.get_by_id(run.id).state == "succeeded", "the run")
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    of_disk = [line["message"] for line in lines if "disk is full" in line["message"]]
    assert of_disk
    assert not [message for message in of_disk if "Traceback" in message]
    assert len(of_disk) <= 4, of_disk


def test_a_run_that_finds_no_room_says_so(cast, disk):
    run = runs.start(tenant=cast.contoso, kind=RunKind.SYNC, dedupe_key="policy.sync:1", items=[], actor=SYSTEM).run

    def write_more_than_fits(_claim):
        [[pages]] = engine.database.execute_sql("PRAGMA page_count").fetchall()
        engine.database.execute_sql(f"PRAGMA max_page_count = {pages}")
        # More than pages that an index left free could hold.
        engine.database.execute_sql("CREATE TABLE large AS SELECT zeroblob(1000000) AS content")

    with pytest.raises(engine.pw.OperationalError):
        run_claimed(run.id, run.kind, write_more_than_fits)
    assert Run.get_by_id(run.id).waiting.startswith(engine.DISK_FULL)


def test_the_same_outage_is_logged_once_a_minute_and_another_at_once(capsys, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(logs, "monotonic", lambda: now[0])
    root = logs.logging.getLogger()
    kept = root.handlers[:], root.level
    logs.configure("text")
    try:
        logger = logs.logging.getLogger("tests.outage")
        for seconds in (0, 2, 30, 61):
            now[0] = 100 + seconds
            try:
                raise engine.pw.OperationalError("database or disk is full")
            except engine.pw.OperationalError:
                logger.exception("a run failed")
            logger.warning("Redis does not answer.", extra=logs.REPEATED)
        try:
            raise ValueError("a defect")
        except ValueError:
            logger.exception("a run failed")
            logger.exception("a run failed")
    finally:
        root.handlers[:], root.level = kept
    said = capsys.readouterr().err
    assert (said.count("disk is full"), said.count("Redis does not answer")) == (2, 2)
    assert said.count("Traceback") == said.count("ValueError: a defect") == 2, "what is a defect keeps its traceback"
