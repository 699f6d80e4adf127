"""Our own restores in the tenants' logs, by the id of the request or by app, object and time; and what is foreign."""

from datetime import timedelta

import pytest

from db.clock import utcnow
from db.models import Occurrence, Policy, Restore, RestoreItem, Run, TenantEvent, Write
from db.states import DoerKind, NoticeEvent, RunKind, Severity, TenantLog
from tests.db.events.made_events import made, save

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
pytestmark = pytest.mark.usefixtures("lock_order")
REQUEST = "5d0a3f0e-7a0b-4a64-9d43-7a3f0d6f5d11"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def written(cast):
    """A restore of ours that wrote to Contoso's first policy ten minutes ago; the policy is beside it."""
    policy = Policy.select().where(Policy.tenant == cast.contoso).order_by(Policy.id).first()
    cast.contoso.created_at = utcnow() - timedelta(days=100)
    at = utcnow() - 10 * MINUTE
    restore = Restore.create(tenant=cast.contoso, source_directory_id="x", source_name="Contoso", options={})
    run = Run.create(tenant=cast.contoso, kind=RunKind.RESTORE, dedupe_key="x", restore_id=restore.id)
    item = RestoreItem.create(
        restore=restore, position=1, policy_type=policy.policy_type, name=policy.name, graph_id=policy.graph_id,
        target_id=policy.graph_id, references=[],
    )  # fmt: skip
    Write.create(
        run=run, item=item, method="POST", path=f"/deviceManagement/configurationPolicies/{policy.graph_id}/assign",
        request_mark="x", sent_at=at, answered_at=at, client_request_id=REQUEST,
    )  # fmt: skip
    restore.policy, restore.at = policy, at
    return restore


def ours(tenant, **values):
    app = {
        "doer_kind": DoerKind.APP,
        "doer_name": "Tenantkeep",
        "doer_id": tenant.client_id,
        "app_id": tenant.client_id,
    }
    return {**app, **values}


def origin(event_ids):
    [event_id] = event_ids
    event = TenantEvent.get_by_id(event_id)
    return event.restore_id, event.is_foreign


def test_an_event_whose_correlation_id_we_sent_is_ours_in_that_tenant(cast, written):
    assert origin(save(cast.contoso, made("x", correlation_id=REQUEST.upper()))) == (written.id, False)
    assert origin(save(cast.fabrikam, made("x", correlation_id=REQUEST))) == (None, False)
    assert origin(save(cast.contoso, made("x", correlation_id="another"))) == (None, False)


@SQLITE
@pytest.mark.parametrize(("minutes", "is_ours"), [(-4, True), (4, True), (-20, False), (9, False)])
def test_without_it_our_app_the_object_and_the_time_tell(cast, written, minutes, is_ours):
    event = made(written.policy.graph_id, at=written.at + minutes * MINUTE, **ours(cast.contoso))
    assert origin(save(cast.contoso, event)) == ((written.id, False) if is_ours else (None, True))


def test_entra_names_our_service_principal_and_no_app(cast, written):
    principal = "99990000-1111-4111-8111-000000000009"
    event = made(
        written.policy.graph_id, at=written.at, **ours(cast.contoso, app_id=None, doer_id=principal.upper())
    )  # fmt: skip
    assert origin(save(cast.contoso, {**event, "event_id": "1"}, log=TenantLog.ENTRA)) == (None, False)
    found = save(cast.contoso, {**event, "event_id": "2"}, log=TenantLog.ENTRA, principal=principal)
    assert origin(found) == (written.id, False)


def test_what_our_app_wrote_without_us_is_foreign_and_told_once_a_day(cast, written):
    for number in range(3):
        event = made(
            "elsewhere", object_name="Wi-Fi", **ours(cast.contoso), at=utcnow() - number * timedelta(seconds=1)
        )
        assert origin(save(cast.contoso, event)) == (None, True)
    told = list(Occurrence.select().where(Occurrence.event == NoticeEvent.FOREIGN_WRITE))
    assert len(told) in {1, 2}  # two only where the second after midnight is in between
    assert {(row.tenant_id, row.severity) for row in told} == {(cast.contoso.id, Severity.HIGH)}
    assert told[0].facts["object"] == "Wi-Fi"


@SQLITE
@pytest.mark.parametrize(
    "values",
    [
        {"doer_kind": DoerKind.PERSON},  # a person who used it is named, and asked
        {"is_success": False},
        {"at": timedelta(days=200)},  # before this installation knew the tenant
        {"at": timedelta(minutes=11)},  # a part of what we wrote just then, with an id of its own
        {"app_id": "another app", "doer_id": None},
    ],
    ids=("person", "failed", "before us", "while we write", "another"),
)
def test_it_is_no_alarm(cast, written, values):
    at = utcnow() - values["at"] if "at" in values else utcnow()
    event = made("elsewhere", **{**ours(cast.contoso), **values, "at": at})
    assert origin(save(cast.contoso, event)) == (None, False)
    assert not Occurrence.select().exists()


def test_what_is_old_is_marked_and_no_news(cast, written):
    event = made("elsewhere", **ours(cast.contoso), at=utcnow() - timedelta(days=5))
    assert origin(save(cast.contoso, event)) == (None, True)
    assert not Occurrence.select().exists()
