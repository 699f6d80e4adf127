"""The rows of the cast and of what they captured: made once in a run of the tests, found again in each copy of that."""

from types import SimpleNamespace

from db.accounts import users
from db.audit.audit import SYSTEM, Actor
from db.models import Policy, Run, Snapshot, Tenant, User
from db.policies import policies
from db.states import Role, SiteRole
from db.tenants import tenants
from tests.support.captures import capture_by_hand

SITE_ROLES = {
    "ada": SiteRole.NONE,
    "rita": SiteRole.NONE,
    "max": SiteRole.NONE,
    "sam": SiteRole.NONE,
    "audra": SiteRole.AUDITOR,
    "root": SiteRole.ADMIN,
}
MEMBERS = (
    ("ada", "contoso", Role.OPERATOR),
    ("rita", "contoso", Role.READER),
    ("max", "contoso", Role.MANAGER),
    ("sam", "fabrikam", Role.OPERATOR),
)


def make_cast(password_hash):
    people = {
        name: User.create(
            email=f"{name}@example.com", name=name.title(), password_hash=password_hash, site_role=site_role
        )
        for name, site_role in SITE_ROLES.items()
    }
    places = {}
    for number, name in enumerate(("contoso", "fabrikam"), start=1):
        guid = f"{number}" * 8 + "-1111-4111-8111-" + f"{number}" * 12
        places[name] = tenants.add(name.title(), guid, guid, SYSTEM)
        tenants.set_credential(places[name], "secret", {"secret": f"{name} client secret"}, SYSTEM)
        policies.record_listing(
            places[name],
            "configurationPolicies",
            [
                {
                    "graph_id": f"{number}000000{n}-0000-4000-8000-000000000000",
                    "name": f"{name.title()} policy {n}",
                    "odata_type": None,
                    "platform": "windows10",
                    "is_built_in": False,
                    "modified_at": None,
                }
                for n in (1, 2)
            ],
        )
    for name, place, role in MEMBERS:
        users.set_member(people[name], places[place], role, SYSTEM)


def find_cast():
    """Return them by their names; None where there is nobody yet."""
    people = {user.name.lower(): user for user in User.select()}
    places = {tenant.name.lower(): tenant for tenant in Tenant.select()}
    return SimpleNamespace(**people, **places) if people else None


def make_captures():
    cast = find_cast()
    for policy in Policy.select(Policy, Tenant).join(Tenant).order_by(Policy.id):
        user = cast.ada if policy.tenant == cast.contoso else cast.sam
        capture_by_hand(policy, Actor.person(user, "127.0.0.1"))


def find_captures():
    """Return (policy, run, snapshot) of each; none where nothing is captured yet."""
    runs = {run.policy_id: run for run in Run.select()}
    snapshots = {snapshot.policy_id: snapshot for snapshot in Snapshot.select()}
    return [
        (policy, runs[policy.id], snapshots[policy.id])
        for policy in Policy.select(Policy, Tenant).join(Tenant).order_by(Policy.id)
        if policy.id in snapshots
    ]
