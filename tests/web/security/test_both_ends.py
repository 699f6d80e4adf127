"""Every act on a restore from one tenant of ours into another, by who is what at either end.

Walked from the URL map, so that an act that is added is tried without being named here. The API asks in the same
place: test_isolation.py has its routes.
"""

import re
from contextlib import nullcontext
from itertools import product

import pytest

from db.audit.audit import SYSTEM
from db.database import database
from db.models import Membership, Policy, Restore, RestoreItem, Run, User
from db.restores import restore_drafts
from db.runs import run_items, runs
from db.states import Role, RunKind, SiteRole
from tests.support.captures import capture_by_hand
from tests.support.forms import csrf_token
from tests.support.restore_steps import as_previewed, options, person
from tests.web.security.test_isolation import page_rules, permission_of, undone
from web.security.permissions import Permission

P = Permission
ROLES = (None, *Role)
SECRET = "vpn-shared-secret-of-northwind"
# Who may do what is decided before the database is asked, in one place for both engines.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def crossing(app, cast):
    """From Fabrikam into Contoso: previewed, held back by the guard, with a run that failed."""
    policy = Policy.get(Policy.tenant == cast.fabrikam)
    body = {"name": policy.name, "description": "shown", "password": SECRET, "settings": []}
    _, snapshot = capture_by_hand(policy, SYSTEM, body)
    source = restore_drafts.RestoreSource(cast.fabrikam.directory_id, "Northwind's set")
    made = restore_drafts.create(
        cast.contoso, source, restore_drafts.new_items_from_snapshots([snapshot]), options(), person(cast.max.id)
    )
    RestoreItem.update(action="create", reason="guard").where(RestoreItem.restore == made).execute()
    item = run_items.NewRunItem(policy.policy_type, policy.name)
    run = runs.start(tenant=cast.contoso, kind=RunKind.RESTORE, dedupe_key="x", items=[item], actor=SYSTEM,
                     restore_id=made.id).run  # fmt: skip
    Run.update(state="failed", total=1, failed=1).where(Run.id == run.id).execute()
    return as_previewed(made)


@pytest.fixture
def ask(app, client, cast, sign_in, monkeypatch):
    """ask(method, path, accept, **form): as one person, whose roles the test changes meanwhile."""
    somebody = User.create(email="s@example.com", name="Somebody", password_hash=cast.max.password_hash)
    sign_in(client, somebody)
    token = csrf_token(client, "/account/")
    monkeypatch.setattr(database.obj, "close", lambda: None)  # what a request did can be taken back

    def act(method, path, accept="text/html", **form):
        data = {**form, "csrf_token": token} if method == "POST" else None
        return client.open(path, method=method, headers={"Accept": accept}, data=data)

    act.person = somebody
    return act


def become(user, site_role, at_source, at_target, cast):
    Membership.delete().where(Membership.user == user).execute()
    User.update(site_role=site_role).where(User.id == user.id).execute()
    for tenant, role in ((cast.fabrikam, at_source), (cast.contoso, at_target)):
        if role:
            Membership.create(user=user, tenant=tenant, role=role)


def acts(app, restore):
    """(method, address, permission) of every route of a restore, its items and its runs."""
    ids = {"restore_id": restore.id, "item_id": RestoreItem.get(RestoreItem.restore == restore).id,
           "run_id": Run.get(Run.restore_id == restore.id).id}  # fmt: skip
    for rule in page_rules(app):
        if rule.arguments & {"restore_id", "run_id"} and rule.arguments <= set(ids):
            path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(ids[found[1]]), rule.rule)
            for method in rule.methods & {"GET", "POST"}:
                yield method, path, permission_of(app, rule)


def people():
    yield from ((SiteRole.NONE, *pair) for pair in product(ROLES, ROLES))
    yield from ((role, None, None) for role in (SiteRole.AUDITOR, SiteRole.ADMIN))


def may(permission, site_role, at_source, at_target):
    if permission == P.SEE:
        return site_role == SiteRole.ADMIN or at_target is not None
    return site_role == SiteRole.ADMIN or (at_source, at_target) == (Role.MANAGER, Role.MANAGER)


def test_whoever_does_anything_to_a_restore_between_two_tenants_manages_both(app, crossing, ask, cast):
    wrong, tried = [], set()
    for who in people():
        become(ask.person, *who, cast)
        for method, path, permission in acts(app, crossing):
            # JSON for those of whom it might be thought that they may.
            accepts = ("text/html", "application/json") if who[2] == Role.MANAGER or who[0] else ("text/html",)
            for accept in accepts:
                with undone() if method == "POST" and may(permission, *who) else nullcontext():
                    answer = ask(method, path, accept)
                tried.add((method, path.rpartition("/")[2]))
                if (answer.status_code == 403) == may(permission, *who) or answer.status_code >= 500:
                    wrong.append(f"{who} {method} {path} {accept}: {answer.status_code}")
                if SECRET in answer.get_data(as_text=True) and not may(P.MANAGE, *who):
                    wrong.append(f"{who} is shown the source's secret by {method} {path}")
    assert not wrong, "\n".join(wrong)
    named = {"preview", "options", "items", "approve", "guard", "execute", "cancel", "undo", "again", "retry-failed",
             "approve-retry"}  # fmt: skip
    assert named <= {act for _, act in tried}


def test_pages_have_no_button_for_who_manages_one_end_alone(crossing, ask, cast):
    become(ask.person, SiteRole.NONE, None, Role.MANAGER, cast)
    item = RestoreItem.get(RestoreItem.restore == crossing)
    run = Run.get(Run.restore_id == crossing.id)
    for path in (f"/restores/{crossing.id}", f"/restores/{crossing.id}/items/{item.id}", f"/runs/{run.id}"):
        page = ask("GET", path).get_data(as_text=True)
        assert not re.findall(r'<form[^>]*action="/(?:restores|runs)/\d+', page), path
        assert SECRET not in page


def test_who_managed_both_ends_when_it_was_previewed_and_does_no_more_executes_nothing(crossing, ask, cast):
    become(ask.person, SiteRole.NONE, Role.MANAGER, Role.MANAGER, cast)
    assert f"/restores/{crossing.id}/guard" in ask("GET", f"/restores/{crossing.id}").get_data(as_text=True)
    become(ask.person, SiteRole.NONE, Role.READER, Role.MANAGER, cast)
    form = {"plan": crossing.planned_mark, "name": "Contoso", "reason": "mine"}
    assert ask("POST", f"/restores/{crossing.id}/execute", **form).status_code == 403
    assert Restore.get_by_id(crossing.id).state == "previewed"
