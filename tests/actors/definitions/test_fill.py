"""The catalogue of Microsoft's words, filled through the real queue, worker and simulator: what is asked of whom."""

import re
import time
from datetime import timedelta

import pytest
import requests

import actors.backups.back_up
import config
from actors.definitions import fill
from actors.facade.wording import wording_of
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.definitions import sources
from db.models import (
    DefinitionCategory,
    DefinitionSource,
    DefinitionText,
    Notification,
    Policy,
    Run,
    RunAnswer,
    Snapshot,
    Tenant,
)
from db.policies import snapshots
from db.runs import claims, runs
from db.states import ACTIVE, DefinitionState, RunKind, RunState
from tests.support.environment import SIMULATOR_URL
from tests.support.simulated_tenant import READ, SimulatedTenant, catalog_policy
from tests.support.sweeps import Sweeps

pytestmark = [pytest.mark.usefixtures("lock_order"), pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]

KIND = "#microsoft.graph.deviceManagementConfiguration"
PREFIX = "device_vendor_msft_policy_config_test_"
OF_DEFINITIONS = re.compile(
    r"/deviceManagement/(?:(?:configuration|compliance|reusable|inventory)(?:Settings|Categories)|settingDefinitions"
    r"|templates)\b"
)
TOP, BELOW = "c0000000-0000-4000-8000-000000000000", "c1000000-0000-4000-8000-000000000000"


def definition(definition_id, title, **more):
    return {"@odata.type": f"{KIND}SimpleSettingDefinition", "id": definition_id, "displayName": title,
            "description": None, "categoryId": BELOW, "version": "638951450276131607", **more}  # fmt: skip


def category(category_id, title, parent):
    return {"id": category_id, "name": None, "displayName": title, "parentCategoryId": parent, "childCategoryIds": []}


@pytest.fixture
def asks(monkeypatch):
    """asks(languages="en"): words are asked for in these."""

    def act(languages="en"):
        monkeypatch.setenv("TENANTKEEP_DEFINITION_LANGUAGES", languages)
        config.settings.cache_clear()

    act()
    yield act
    monkeypatch.undo()
    config.settings.cache_clear()


class Filling:
    """Contoso with two policies of two settings each, whose definitions Graph has."""

    def __init__(self, tenant, graph, ended):
        self.tenant, self.graph, self._ended = tenant, graph, ended

    def back_up(self, tenant=None):
        """Back up, and wait for all that is asked after it. Return how many requests the filling took."""
        run = self._ended(actors.backups.back_up.start(tenant or self.tenant, SYSTEM, is_full=True).run.id)
        assert run.state == RunState.SUCCEEDED, run.error_message
        return self.fill()

    def fill(self, seconds=300):
        """Have the scheduler start what is due until nothing is. Return how many requests that took."""
        deadline, sweeps = time.monotonic() + seconds, Sweeps()
        # Runs first: one that ends between the two questions may leave another tenant due.
        while Run.select().where((Run.kind == RunKind.DEFINE) & Run.state.in_(ACTIVE)).exists() or fill.due_sources(()):
            assert time.monotonic() < deadline, Run.get(Run.kind == RunKind.DEFINE).waiting
            sweeps.sweep_if_due()
            sweeps.pause()
        return len(self.asked())

    def asked(self):
        """Return the requests for definitions since the last time, in their order, and forget them."""
        counts = requests.get(f"{SIMULATOR_URL}/_simulator/requests", timeout=60).json()
        requests.delete(f"{SIMULATOR_URL}/_simulator/requests", timeout=60).raise_for_status()
        return [line for line in counts["recent"] if OF_DEFINITIONS.search(line)]

    def words(self, language="en"):
        found = Snapshot.select().join(Policy).where(Policy.tenant == self.tenant)
        return wording_of([(each.policy.policy_type, snapshots.read_snapshot(each)) for each in found], language)


@pytest.fixture
def filling(asks, graph, worker, quick, ended, cast):
    lists = {"Settings": [definition(f"{PREFIX}0", "Zero", _in={"de": {"displayName": "Null"}}),
                          definition(f"{PREFIX}1", "One", valueDefinition={"minimumValue": 1, "maximumValue": 9})],
             "Categories": [category(TOP, "Windows", TOP), category(BELOW, "Tests", TOP)]}  # fmt: skip
    for name, items in lists.items():
        for item in items:
            graph.put(f"deviceManagement/configuration{name}", item)
    return Filling(cast.contoso, graph, ended)


def states():
    return {(row.definition_id, row.language): row.state for row in DefinitionText.select()}


def test_what_policies_meet_is_asked_for_once_after_the_backup(filling):
    # Two definitions, and their category with the one above it.
    assert filling.back_up() == 4
    words = filling.words()
    assert (words.title(f"{PREFIX}0"), words.category(f"{PREFIX}0")) == ("Zero", ("Windows", "Tests"))
    assert words.definition(f"{PREFIX}1").maximum == 9
    [run] = Run.select().where(Run.kind == RunKind.DEFINE)
    assert (run.state, run.origin, run.requested_by) == (RunState.SUCCEEDED, "catalogue", None)
    assert not Notification.select().where(Notification.run == run).exists()
    assert not RunAnswer.select().exists()

    assert filling.back_up() == 0, "a second backup asks nothing"
    assert Run.select().where(Run.kind == RunKind.DEFINE).count() == 1, "and leaves no trace"
    # A tenant whose policies name the same settings asks for none of them either.
    Policy.update(met_snapshot_id=None).execute()
    assert filling.back_up() == 0


def test_a_definition_that_graph_does_not_know_is_not_asked_for_again_and_again(filling):
    policy = Policy.select().where(Policy.tenant == filling.tenant).first()
    filling.graph.put("deviceManagement/configurationPolicies", catalog_policy(policy.graph_id, policy.name, count=3))
    # In four lists, which is what it takes to know that it is in none.
    assert filling.back_up() == 4 + 4
    assert states()[f"{PREFIX}2", "en"] == DefinitionState.UNKNOWN
    assert filling.back_up() == 0
    assert filling.words().title(f"{PREFIX}2") is None
    filling.graph.put("deviceManagement/inventorySettings", definition(f"{PREFIX}2", "Two, at last", categoryId=""))
    DefinitionText.update(asked_at=utcnow() - timedelta(days=15)).execute()
    assert filling.back_up() == 4
    assert filling.words().title(f"{PREFIX}2") == "Two, at last"


def test_words_are_renewed_slowly_and_what_vanished_is_kept(filling):
    filling.back_up()
    # A version alone changes with each release of the service, and is no news.
    filling.graph.put(
        "deviceManagement/configurationSettings", definition(f"{PREFIX}0", "Zero, renamed", version="639")
    )
    filling.graph.delete("deviceManagement/configurationSettings", f"{PREFIX}1")
    assert filling.back_up() == 0
    DefinitionText.update(asked_at=utcnow() - timedelta(days=31)).execute()
    assert filling.back_up() == 1 + 4
    assert (filling.words().title(f"{PREFIX}0"), filling.words().title(f"{PREFIX}1")) == ("Zero, renamed", "One")
    assert {row.version for row in DefinitionText.select()} == {"638951450276131607", "639"}


def test_each_language_is_asked_for_by_a_run_of_its_own(filling, asks):
    filling.back_up()
    asks("de")
    # What was known in English by then, and nothing of the tenant's.
    sources.mark_due(filling.tenant.id)
    assert filling.fill() == 4
    assert [filling.words("de").title(f"{PREFIX}{number}") for number in (0, 1)] == ["Null", "One"]
    assert filling.words("fr").title(f"{PREFIX}0") == "Zero"
    assert {row.language for row in DefinitionCategory.select()} == {"en", "de"}
    asks("none")
    sources.mark_due(filling.tenant.id)
    assert fill.due_sources(()) == ()


def test_a_tenant_that_refuses_costs_itself_alone_and_another_one_is_asked(filling, cast):
    """Fabrikam may read no settings: its policies are backed up all the same, and Contoso's answers serve it."""
    fabrikam = SimulatedTenant.add(SIMULATOR_URL, cast.fabrikam, "fabrikam client secret", permissions=READ)
    policy = Policy.select().where(Policy.tenant == cast.fabrikam).first()
    fabrikam.put("deviceManagement/configurationPolicies", catalog_policy(policy.graph_id, policy.name, count=1))
    fabrikam.fault(
        kind="status",
        path="configurationSettings",
        status=403,
        times=9,
        body={"error": {"code": "Forbidden", "message": "Application is not authorized to perform this operation."}},
    )
    filling.tenant = cast.fabrikam
    Tenant.update(last_backup_at=utcnow()).where(Tenant.id == cast.contoso.id).execute()
    filling.back_up()
    refusing = DefinitionSource.get(DefinitionSource.tenant == cast.fabrikam)
    assert "permission" in refusing.refusal
    assert refusing.again_at > utcnow() + timedelta(days=6)
    assert [each.tenant_id for each in sources.refusing()] == [cast.fabrikam.id]
    assert filling.words().title(f"{PREFIX}0") == "Zero", "of Contoso"
    assert not Notification.select().join(Run).where(Run.kind == RunKind.DEFINE).exists()

    # It is left alone from then on, until a week has passed.
    sources.mark_due(cast.fabrikam.id)
    assert fill.due_sources(()) == []


def test_it_waits_within_its_own_budget_and_goes_on_after_a_crash_without_asking_again(filling, ended):
    """A fill that a worker left in its midst is taken up; what was saved by then is not asked for a second time."""
    filling.graph.fault(kind="status", path="deviceManagement/configurationSettings", status=429, retry_after="1")
    assert filling.back_up() == 4 + 1, "the one that was refused, once more"
    Policy.update(met_snapshot_id=None).execute()
    DefinitionText.delete().where(DefinitionText.definition_id == f"{PREFIX}1").execute()
    sources.mark_due(filling.tenant.id)
    [source] = fill.due_sources(())
    started = runs.start(tenant=source.tenant, kind=RunKind.DEFINE, dedupe_key=f"{RunKind.DEFINE}:en", items=[],
                         actor=fill.CATALOGUE, is_quiet=True)  # fmt: skip
    assert claims.take_claim(started.run.id, RunKind.DEFINE)
    assert fill.due_sources(()) == (), "one at a time in each language"
    fill.start_due(source)
    assert Run.select().where((Run.kind == RunKind.DEFINE) & Run.state.in_(ACTIVE)).count() == 1
    Run.update(heartbeat_at=utcnow() - timedelta(minutes=5)).where(Run.id == started.run.id).execute()
    assert filling.fill() == 1
    assert Run.get_by_id(started.run.id).state == RunState.SUCCEEDED
