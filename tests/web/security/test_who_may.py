"""A refusal names the roles that may, and what the person is: on every page and act, for every role."""

import re

import pytest

from db.accounts import users
from db.audit.audit import SYSTEM
from db.states import Role, SiteRole
from tests.support.forms import csrf_token
from tests.web.security.test_isolation import page_rules
from tests.web.test_routes import address
from web.security.permissions import EVERYWHERE, IN_TENANT, OPEN, Permission
from web.security.who_may import role_words, roles_that_may


@pytest.mark.parametrize("permission", [one for one in Permission if one not in OPEN])
def test_the_roles_that_are_named_are_those_that_may(permission):
    named = set(roles_that_may(permission))
    may = {str(role) for role in Role if permission in IN_TENANT[role]}
    may |= {str(role) for role in SiteRole if permission in EVERYWHERE[role]}
    assert named == (may - {"admin"} or {"admin"})


def sentence(answer):
    return re.search(r"<h1>You don.+?t have access</h1><p>(.*?)</p>", answer.get_data(as_text=True))[1]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_refusal_says_which_role_is_needed_and_which_one_has(app, sign_in, cast):
    """Each address that a reader may not use, with what its route declares."""
    reader = sign_in(app.test_client(), cast.rita)
    token, refused = csrf_token(reader, "/"), 0
    ids = dict.fromkeys(("run_id", "policy_id", "snapshot_id", "backup_set_id", "schedule_id", "restore_id", "item_id",
                         "mapping_id", "directory_id", "change_id", "token", "import_id",
                         "imported_policy_id", "document_id", "rehearsal_id", "rollout_id",
                         "standard_id", "exception_id", "tag_id", "store_id", "key_id",
                         "version_number", "position"), 1)  # fmt: skip
    for rule in page_rules(app):
        if rule.endpoint == "sign_in.leave":
            continue
        path = address(rule, {**ids, "tenant_id": cast.contoso.id, "ending": "csv"})
        permission = getattr(app.view_functions[rule.endpoint], "permission", None)
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            answer = reader.open(path, method=method, data={"csrf_token": token} if method == "POST" else None)
            answer.get_data()  # an export streams
            if answer.status_code == 403:
                refused += 1
                said = sentence(answer)
                assert "You are: reader." in said, (path, said)
                if permission:
                    roles = roles_that_may(permission)
                    assert all(role_words(role) in said for role in roles), (path, said)
    assert refused > 20


def test_the_words(app, sign_in, cast):
    users.set_member(cast.ada, cast.fabrikam, Role.READER, SYSTEM)
    ada, sam = (sign_in(app.test_client(), person) for person in (cast.ada, cast.sam))
    assert sentence(sam.get("/audit/")) == "This page needs the role manager or auditor. You are: operator."
    assert sentence(ada.get("/users/")) == "This page needs the role admin. You are: operator and reader."
    assert sentence(sam.get(f"/tenants/{cast.contoso.id}")) == (
        "This needs the role reader, operator or manager in this tenant. "
        "You have no role in it: ask an admin if you need one."
    )
    token = csrf_token(ada, "/")
    back_up = ada.post(f"/tenants/{cast.fabrikam.id}/back-up", data={"csrf_token": token})
    assert sentence(back_up) == "This needs the role operator or manager. You are: reader. Nothing was changed."
    manager = sign_in(app.test_client(), cast.max)
    assert sentence(manager.get("/audit/export.jsonl")) == "This page needs the role auditor. You are: manager."
