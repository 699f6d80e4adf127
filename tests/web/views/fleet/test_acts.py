"""Each act on many tenants: what it does, what it leaves alone, and that a second press does nothing."""

import pytest

from db.accounts import users
from db.audit.audit import SYSTEM
from db.models import AuditEvent, DirectoryName, Membership, RuleChange, Run, Schedule, Tenant, Watch
from db.states import Role
from db.tenants import tags
from tests.support.forms import csrf_token

pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.usefixtures("lock_order"),
]
GROUP = "5f3759df-0000-4000-8000-000000000001"


@pytest.fixture
def press(client, cast, sign_in):
    """press(**what) -> the page after it, as an admin, for both tenants."""
    sign_in(client, cast.root)

    def act(**what):
        form = {"csrf_token": csrf_token(client, "/"), "chosen": f"{cast.contoso.id},{cast.fabrikam.id}", **what}
        return client.post("/tenants/acts/do", data=form, follow_redirects=True).get_data(as_text=True)

    return act


def audited(action):
    return [event.tenant_name for event in AuditEvent.select().where(AuditEvent.action == action)]


def of_both(column):
    return [row[0] for row in Tenant.select(column).order_by(Tenant.id).tuples()]


def roles_of(email):
    return {row.role for row in Membership.select().where(Membership.user == users.find_by_email(email))}


CASES = {
    "schedule": (
        {"act": "schedule", "when": "daily", "time": "02:00", "time_zone": "Europe/Berlin"},
        "schedule:set",
        lambda: [(row.cron, row.time_zone) for row in Schedule.select()] == [("0 2 * * *", "Europe/Berlin")] * 2,
    ),
    "retention": (
        {"act": "retention", "last": "7", "daily": "14", "weekly": "0", "monthly": "0"},
        "retention:set",
        lambda: of_both(Tenant.retention) == [{"last": 7, "daily": 14, "weekly": 0, "monthly": 0}] * 2,
    ),
    "tags": (
        {"act": "tags", "add": "gold, north", "remove": "old"},
        "tenant:tagged",
        lambda: list(tags.names_by_tenant(None).values()) == [["gold", "north"]] * 2,
    ),
    "watch": (
        {"act": "watch", "every_minutes": "15"},
        "tenant:watched",
        lambda: [row.every_minutes for row in Watch.select()] == [15, 15],
    ),
    "interval": (
        {"act": "settings", "full_every_days": "14"},
        "tenant:changed",
        lambda: of_both(Tenant.full_every_days) == [14, 14],
    ),
    "second approval": (
        {"act": "settings", "four_eyes": "yes"},
        "tenant:changed",
        lambda: of_both(Tenant.four_eyes) == [True, True],
    ),
    "role": (
        {"act": "role", "person": "rita@example.com", "gives": "operator"},
        "membership:set",
        lambda: roles_of("rita@example.com") == {"operator"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_it_is_done_to_each_audited_for_each_and_once(press, cast, case):
    what, action, is_done = CASES[case]
    before = len(audited(action))
    assert "done for 2 tenants" in press(**what)
    assert is_done()
    told = audited(action)[before:]
    assert sorted(told) == ["Contoso", "Fabrikam"]
    again = press(**what)
    assert "done for 0 tenants" in again
    assert "2 tenants left as they were" in again
    assert audited(action)[before:] == told
    assert is_done()


def test_backups_start_where_something_may_start_and_are_not_started_twice(press, cast, redis_url):
    Tenant.update(is_active=False).where(Tenant.id == cast.fabrikam.id).execute()
    assert "done for 1 tenant" in press(act="back-up")
    assert [run.tenant for run in Run.select().where(Run.kind == "backup_set.capture")] == [cast.contoso]
    assert "2 tenants left as they were" in press(act="back-up")
    assert Run.select().where(Run.kind == "backup_set.capture").count() == 1


def test_emergency_accounts_are_found_by_name_and_a_second_person_confirms_where_the_rules_say(press, cast, client):
    for tenant in (cast.contoso, cast.fabrikam):
        DirectoryName.create(tenant=tenant, kind="groups", object_id=f"{GROUP[:-1]}{tenant.id}", name="SG-Break-Glass")
    Tenant.update(four_eyes=True).where(Tenant.id == cast.fabrikam.id).execute()
    page = press(act="emergency", account="sg-break-glass")
    assert "done for 1 tenant. 1 tenant waiting for a second person." in page
    named = Tenant.get_by_id(cast.contoso.id).break_glass
    assert named == [{"kind": "groups", "id": f"{GROUP[:-1]}{cast.contoso.id}", "name": "SG-Break-Glass"}]
    assert not Tenant.get_by_id(cast.fabrikam.id).break_glass
    assert RuleChange.get().tenant == cast.fabrikam
    address = "/tenants/acts/preview?all=yes&act=emergency&account=SG-Break-Glass"
    preview = client.get(address).get_data(as_text=True)
    assert "it is named there already" in preview
    assert "another change of its rules waits for a second person" in preview
    assert "no backup has seen" in client.get(f"{address}s").get_data(as_text=True)


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ({"act": "schedule", "cron": "at night"}, "Not a valid schedule"),
        ({"act": "retention", "last": "0"}, "Keep at least one"),
        ({"act": "role", "person": "nobody@example.com", "gives": "reader"}, "Choose a person"),
        ({"act": "role", "person": "rita@example.com", "gives": "king"}, "Choose a role"),
        ({"act": "settings"}, "Choose at least one setting"),
        ({"act": "settings", "full_every_days": "0"}, "from 1 to 90"),
        ({"act": "tags"}, "Type the tags"),
        ({"act": "emergency"}, "Type what the emergency account"),
    ],
)
def test_what_cannot_be_is_said_above_the_form_and_nothing_is_done(press, client, cast, what, sentence):
    before = AuditEvent.select().count()
    answer = client.get("/tenants/acts/preview", query_string={"all": "yes", **what})
    assert (answer.status_code, sentence in answer.get_data(as_text=True)) == (400, True)
    assert sentence in press(**what)
    assert AuditEvent.select().count() == before


def test_only_where_one_has_the_right(app, cast, sign_in):
    users.set_member(cast.max, cast.fabrikam, Role.READER, SYSTEM)
    client = sign_in(app.test_client(), cast.max)
    page = client.get("/tenants/acts/preview?all=yes&act=tags&add=gold").get_data(as_text=True)
    assert "Will be done for 1 tenant" in page
    assert "you are no manager there" in page
    form = {"csrf_token": csrf_token(client, "/"), "act": "tags", "add": "gold"}
    client.post("/tenants/acts/do", data={**form, "chosen": f"{cast.contoso.id},{cast.fabrikam.id}"})
    assert tags.names_by_tenant(None) == {cast.contoso.id: ["gold"]}
    assert "Give a role" not in client.get("/tenants/acts?all=yes").get_data(as_text=True)
    client.post("/tenants/acts/do", data={**form, "act": "role", "person": "max@example.com", "gives": "manager",
                                          "chosen": str(cast.contoso.id)})  # fmt: skip
    assert "membership:set" not in {
        event.action for event in AuditEvent.select().order_by(AuditEvent.id.desc()).limit(1)
    }
