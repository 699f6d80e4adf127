"""Encryption keys rotated while workers and the scheduler are at it: nothing fails, nothing becomes unreadable."""

import base64
import os
import secrets
import signal
import subprocess
import sys

import pytest

import actors.backups.capture
import config
from db import encryption
from db.accounts.users import totp_owner
from db.audit.audit import SYSTEM
from db.errors import Invalid
from db.installation import installation, key_rotation
from db.models import Credential, Heartbeat, Policy, Run, Snapshot, Tenant, User
from db.policies import snapshots
from db.states import RunState
from db.tenants import credentials, tenants
from tests.support import servers
from tests.support.simulated_tenant import catalog_policy

OLD = os.environ["TENANTKEEP_ENCRYPTION_KEYS"]


def new_key():
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


@pytest.fixture
def with_keys(monkeypatch):
    """with_keys("a,b"): of this process, and of those started from now on."""

    def use(keys):
        monkeypatch.setenv("TENANTKEEP_ENCRYPTION_KEYS", keys)
        config.settings.cache_clear()
        encryption.use_keys(config.settings().encryption_keys)

    yield use
    encryption.use_keys(config.load({**os.environ, "TENANTKEEP_ENCRYPTION_KEYS": OLD}).encryption_keys)


@pytest.fixture
def scheduler(with_keys):
    started = []

    def start():
        started.append(subprocess.Popen([servers.TENANTKEEP, "scheduler"]))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def ended(process):
    """As a deployment ends it: what it works on is finished first."""
    process.send_signal(signal.SIGTERM)
    process.wait(60)
    Heartbeat.delete().execute()  # as half a minute later


def rotated(command="rotate"):
    line = [sys.executable, "-c", "from web.commands import main; main()", "keys", command]
    return subprocess.run(line, cwd=servers.ROOT, capture_output=True, text=True, env=servers.environment())


def captured_all(graph, number):
    """Every policy changes in the tenant, and is captured; the runs."""
    runs = []
    for policy in list(Policy.select()):
        if policy.tenant.name == "Contoso":
            graph.put("deviceManagement/configurationPolicies",
                      {**catalog_policy(policy.graph_id, policy.name), "description": f"change {number}"})  # fmt: skip
            runs.append(actors.backups.capture.start(policy, SYSTEM).run)
    return runs


def all_succeeded(runs):
    states = {run.state for run in Run.select().where(Run.id.in_([run.id for run in runs]))}
    assert states <= {RunState.QUEUED, RunState.RUNNING, RunState.SUCCEEDED}, states
    return states == {RunState.SUCCEEDED}


def test_keys_are_rotated_in_three_steps_while_captures_go_on(graph, cast, redis_url, start_worker, scheduler,
                                                              with_keys):  # fmt: skip
    new, runs = new_key(), []

    def have_ended():
        return all_succeeded(runs)

    User.update(totp_secret=encryption.keyring().seal(b"SECRET", totp_owner(cast.ada.id))).where(
        User.id == cast.ada.id
    ).execute()
    kept = credentials.add_next(cast.fabrikam, "secret", {"secret": "the next one"}, SYSTEM)
    worker, leader = start_worker(), scheduler()
    for step, keys in enumerate((f"{OLD},{new}", f"{new},{OLD}", new)):
        runs.extend(captured_all(graph, step))
        with_keys(keys)
        ended(worker)
        ended(leader)
        worker, leader = start_worker(), scheduler()
        runs.extend(captured_all(graph, step + 10))
        servers.wait_for(have_ended, "The captures")
        if step == 1:
            done = rotated()
            assert done.returncode == 0, done.stderr
            assert f"No longer needed: {encryption.key_id(base64.urlsafe_b64decode(OLD)).hex()}." in done.stdout
    installation.check_keys()
    opened = [snapshots.read_snapshot(snapshot)["body"]["description"] for snapshot in Snapshot.select()]
    assert len(set(opened)) >= 3, "from before, from the midst and from after"
    assert tenants.credential_values(Tenant.get_by_id(cast.contoso.id)) == {"secret": "contoso client secret"}
    assert credentials.open_values(Credential.get_by_id(kept.id)) == {"secret": "the next one"}
    second_factor = bytes(User.get_by_id(cast.ada.id).totp_secret)
    assert encryption.keyring().unseal(second_factor, totp_owner(cast.ada.id)) == b"SECRET"
    assert "newest" in rotated("show").stdout


def test_while_a_process_could_not_read_the_new_key_nothing_is_sealed_with_it(captured, with_keys):
    installation.record_heartbeat("here:1", "worker")
    with_keys(f"{new_key()},{OLD}")
    with pytest.raises(Invalid, match="worker here:1: does not know the key"):
        key_rotation.rotate(SYSTEM)
    newest, old = encryption.keyring().ids
    counts = key_rotation.count_by_key()
    assert (counts[newest], counts[old] > 2) == (0, True)


def test_a_process_that_goes_on_sealing_with_the_old_key_is_named(captured, with_keys):
    new = new_key()
    with_keys(f"{OLD},{new}")
    installation.record_heartbeat("here:1", "web")
    with_keys(f"{new},{OLD}")
    key_rotation.rotate(SYSTEM)
    assert [one.process for one in key_rotation.processes_sealing_with_another_key()] == ["here:1"]


def test_a_value_whose_key_is_missing_stops_the_rotation_by_name(captured, with_keys):
    lost = encryption.Keyring([os.urandom(32)])
    Tenant.update(credential=lost.seal(b"x", "y")).where(Tenant.name == "Fabrikam").execute()
    with_keys(f"{new_key()},{OLD}")
    with pytest.raises(encryption.SealError, match=lost.ids[0]):
        key_rotation.rotate(SYSTEM)
    assert key_rotation.count_by_key()[lost.ids[0]] == 1


def test_a_value_that_does_not_open_is_named_and_keeps_no_other_from_the_new_key(captured, with_keys):
    fabrikam = Tenant.get(Tenant.name == "Fabrikam")
    Tenant.update(credential=bytes(fabrikam.credential)[:-1] + b"?").where(Tenant.id == fabrikam.id).execute()
    with_keys(f"{new_key()},{OLD}")
    with pytest.raises(encryption.SealError, match=f"do not open: Tenant {fabrikam.id}"):
        key_rotation.rotate(SYSTEM)
    assert key_rotation.count_by_key()[encryption.keyring().ids[1]] == 1
    done = rotated()
    assert (done.returncode, "Traceback" in done.stderr) == (78, False)
    assert f"Tenant {fabrikam.id}" in done.stderr
