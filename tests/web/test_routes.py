"""Every route declares a permission, and refuses every other tenant's object: walked from the URL map."""

import re

import pytest

from actors import restore_requests
from db import mappings, restores, runs, schedules
from db.audit import SYSTEM, Actor
from db.models import AuditEvent, BackupSet, Mapping, Notification, Policy, Restore, RestoreItem, Run, Snapshot
from db.states import RunKind
from tests.conftest import csrf_token
from tests.restoring import options
from web.permissions import Permission

OPEN = {"static", "admin.static"}
IDS = {"tenant_id", "policy_id", "run_id", "snapshot_id", "backup_set_id", "schedule_id", "restore_id", "item_id",
       "mapping_id", "directory_id"}  # fmt: skip


def rules(app):
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint not in OPEN]


@pytest.fixture
def fabrikams(captured, cast):
    """Fabrikam's objects by the names that addresses use."""
    policy, run, snapshot = captured[2]
    assert policy.tenant == cast.fabrikam
    schedule = schedules.add(cast.fabrikam, "0 2 * * *", "UTC", SYSTEM)
    made = BackupSet.create(tenant=cast.fabrikam, run=run, selection={}, types={}, problems=[])
    restore = restore_requests.of_snapshot(snapshot, cast.fabrikam, options(), SYSTEM)
    mappings.set_one(cast.fabrikam, cast.fabrikam.directory_id, ("groups", "one"), "other", SYSTEM)
    return {"tenant_id": cast.fabrikam.id, "policy_id": policy.id, "run_id": run.id, "snapshot_id": snapshot.id,
            "backup_set_id": made.id, "schedule_id": schedule.id, "restore_id": restore.id,
            "item_id": RestoreItem.get().id, "mapping_id": Mapping.get().id,
            "directory_id": cast.fabrikam.directory_id}  # fmt: skip


def address(rule, ids):
    values = {"other_id": ids.get("snapshot_id"), "export_type": "csv", "user_id": 1, "membership_id": 1, "grant_id": 1,
              "session_id": 1, **ids}  # fmt: skip
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(values[found[1]]), rule.rule)


def test_every_route_declares_a_permission(app):
    bare = [rule.rule for rule in rules(app) if not isinstance(
        getattr(app.view_functions[rule.endpoint], "permission", None), Permission)]  # fmt: skip
    assert bare == [], "declare one with @requires(Permission.…)"


def test_addresses_are_kebab_case(app):
    for rule in rules(app):
        assert re.sub(r"<[^>]+>", "", rule.rule).replace("_", "") == re.sub(r"<[^>]+>", "", rule.rule), rule.rule


@pytest.mark.parametrize("who", ["ada", "max", "audra"])
def test_another_tenants_object_is_403_on_every_route(app, client, sign_in, cast, fabrikams, who):
    """Ada operates and Max manages Contoso; Audra audits everything and sees no policies."""
    sign_in(client, getattr(cast, who))
    token = csrf_token(client, "/")
    walked = 0
    for rule in rules(app):
        if not IDS & rule.arguments:
            continue
        for method in rule.methods & {"GET", "POST"}:
            answer = client.open(address(rule, fabrikams), method=method, data={"csrf_token": token})
            assert answer.status_code == 403, f"{who} {method} {rule.rule}"
            walked += 1
    assert walked >= 10
    assert AuditEvent.select().where(AuditEvent.action == "access:refused").count() == walked
    assert Run.select().count() == 4, "nothing was started"


@pytest.mark.parametrize("path", ["/tenants/", "/policies/", "/backup-sets/", "/restores/", "/runs/", "/audit/"])
def test_lists_searches_filters_and_exports_hold_only_the_own_tenants(client, sign_in, cast, fabrikams, path):
    BackupSet.create(tenant=cast.contoso, selection={}, types={}, problems=[])
    own = Snapshot.get(Snapshot.tenant == cast.contoso)
    restore_requests.of_snapshot(own, cast.contoso, options(), SYSTEM)
    sign_in(client, cast.max)
    ways = ["", "?search=abrikam", f"?tenant={cast.fabrikam.id}"]
    export = "export.csv" if path == "/audit/" else "export/csv/"
    for way in [*ways, *(export + one for one in ways)]:
        answer = client.get(path + way)
        assert answer.status_code == 200
        page = re.sub(r'value="[^"]*"', "", answer.get_data(as_text=True))
        assert "Fabrikam" not in page, path + way
    assert "Contoso" in client.get(path).get_data(as_text=True)


def test_a_bulk_action_with_one_foreign_row_starts_nothing(client, sign_in, cast, captured):
    sign_in(client, cast.ada)
    own, foreign = captured[0][0], captured[2][0]
    before = Run.select().count()
    data = {"csrf_token": csrf_token(client, "/policies/"), "action": "capture", "rowid": [own.id, foreign.id]}
    assert client.post("/policies/action/", data=data).status_code == 403
    assert Run.select().count() == before


def test_a_person_not_signed_in_gets_to_the_sign_in_and_nowhere_else(app, client, fabrikams):
    for rule in rules(app):
        if app.view_functions[rule.endpoint].permission == Permission.PUBLIC:
            continue
        for method in rule.methods & {"GET", "POST"}:
            answer = client.open(address(rule, fabrikams), method=method)
            expected = {302} if method == "GET" else {400, 401}
            assert answer.status_code in expected, f"{method} {rule.rule}"


@pytest.mark.parametrize("made_up", ["999999", "0", "-1", "abc", "99999999999999999999", "1%00"])
def test_an_object_that_does_not_exist_is_404(app, client, sign_in, cast, fabrikams, made_up):
    sign_in(client, cast.root)
    names = IDS
    for rule in rules(app):
        if names & rule.arguments and "GET" in rule.methods:
            path = address(rule, {**fabrikams, **dict.fromkeys(names & rule.arguments, made_up)})
            assert client.get(path).status_code == 404, path


def test_a_reader_starts_nothing_and_an_operator_does(client, app, sign_in, cast, captured, redis_url):
    policy = captured[0][0]
    reader = sign_in(app.test_client(), cast.rita)
    page = reader.get(f"/policies/{policy.id}").get_data(as_text=True)
    assert "capture-snapshot" not in page
    for path in (f"/policies/{policy.id}/capture-snapshot", f"/tenants/{cast.contoso.id}/sync"):
        data = {"csrf_token": csrf_token(reader, "/")}
        assert reader.post(path, data=data).status_code == 403
        operator = sign_in(app.test_client(), cast.ada)
        data = {"csrf_token": csrf_token(operator, "/")}
        assert operator.post(path, data=data).status_code == 303


@pytest.mark.parametrize(
    "path",
    [
        "/policies/1/capture-snapshot",
        "/tenants/1/sync",
        "/runs/1/cancel",
        "/sign-out",
        "/tenants/1/restore-rules",
        "/restores/upload",
        "/tenants/1/mappings/x/1/remove",
        *(
            f"/restores/1/{act}"
            for act in ("preview", "options", "items", "approve", "execute", "cancel", "undo", "again")
        ),
    ],
)
def test_a_wrong_verb_is_405_with_a_page(client, sign_in, cast, path):
    answer = sign_in(client, cast.root).get(path)
    assert answer.status_code == 405
    assert "cannot be used that way" in answer.get_data(as_text=True)


def test_a_form_without_its_token_is_400_and_says_what_to_do(client, sign_in, cast):
    answer = sign_in(client, cast.ada).post(f"/tenants/{cast.contoso.id}/sync")
    assert answer.status_code == 400
    assert "reload the page" in answer.get_data(as_text=True)
    assert not Run.select().exists()


def test_a_foreign_source_or_target_in_the_form_of_a_new_restore_is_403(client, sign_in, cast, captured, fabrikams):
    """Max manages Contoso; a form may name whatever its sender likes."""
    sign_in(client, cast.max)
    own, foreign = captured[0][2], fabrikams["snapshot_id"]
    form = {"csrf_token": csrf_token(client, "/"), "tenant": cast.contoso.id, "assignments": "leave"}
    before = Restore.select().count()
    for wrong in ({"snapshot": foreign}, {"backup_set": fabrikams["backup_set_id"]},
                  {"snapshot": own.id, "tenant": cast.fabrikam.id}):  # fmt: skip
        assert client.post("/restores/new", data={**form, **wrong}).status_code == 403, wrong
    for query in (f"snapshot={foreign}", f"backup_set={fabrikams['backup_set_id']}"):
        assert client.get(f"/restores/new?{query}").status_code == 403
    assert client.get("/restores/new?snapshot=999999").status_code == 404
    assert Restore.select().count() == before


def test_an_item_is_found_below_its_own_restore_only(client, sign_in, cast, captured, fabrikams):
    sign_in(client, cast.max)
    one, other = (restore_requests.of_snapshot(made[2], cast.contoso, options(), SYSTEM) for made in captured[:2])
    [item] = restores.items(other)
    assert client.get(f"/restores/{other.id}/items/{item.id}").status_code == 200
    assert client.get(f"/restores/{one.id}/items/{item.id}").status_code == 404
    assert client.get(f"/restores/{one.id}/items/{fabrikams['item_id']}").status_code == 403


def test_pages_carry_the_headers_that_keep_scripts_out(client, sign_in, cast):
    answer = sign_in(client, cast.ada).get("/")
    assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    page = answer.get_data(as_text=True)
    assert not re.search(r"<script(?![^>]*src=)|\son\w+=|style=|javascript:", page)


def test_odd_list_arguments_are_no_error(client, sign_in, cast, captured):
    sign_in(client, cast.ada)
    for odd in ("page=-1", "page=99999999999999999999", "search=%00", "page_size=7", "sort=99", "tenant=x",
                "tenant=99999999999", "since=9999-12-31", "until=x&zone=..%2Fetc", "endpoint=x", "state=%00",
                "person=x", "type=%00", "flt9_nothing=1", "until=9999-12-31",
                "also=%C2%B2", "next=http://[", "next=%0D%0Ax", "action=%00", "result=%00", "before=x"):  # fmt: skip
        for path in ("/policies/", "/runs/", "/tenants/", "/audit/", "/notifications/", "/tenants/choose"):
            expected = {200, 403} if path == "/audit/" else {200}
            assert client.get(f"{path}?{odd}").status_code in expected, path + odd


def test_pressing_twice_shows_the_same_run_and_no_request_reaches_graph(client, sign_in, cast, captured, graph):
    policy = captured[0][0]
    sign_in(client, cast.ada)
    data = {"csrf_token": csrf_token(client, f"/policies/{policy.id}")}
    pages = [
        client.post(f"/policies/{policy.id}/capture-snapshot", data=data, follow_redirects=True).get_data(as_text=True)
        for _ in range(2)
    ]
    run = Run.select().order_by(Run.id.desc()).get()
    assert f"Run {run.id} started." in pages[0]
    assert f"Run {run.id} is already queued; here it is." in pages[1]
    assert all(f'href="/runs/{run.id}"' in page for page in pages)
    assert Notification.select().where(Notification.run == run).count() == 1
    for path in ("/", "/policies/", f"/policies/{policy.id}", f"/runs/{run.id}", f"/tenants/{cast.contoso.id}"):
        assert client.get(path).status_code == 200
    assert graph.requests()["http"] == 0


def test_one_may_cancel_ones_own_run_and_a_manager_any(app, cast, captured, sign_in):
    policy = captured[0][0]
    run = runs.start(tenant=cast.contoso, kind=RunKind.SYNC, dedupe_key="k", items=[], policy=policy,
                     actor=Actor.person(cast.max, None)).run  # fmt: skip
    ada, manager = sign_in(app.test_client(), cast.ada), sign_in(app.test_client(), cast.max)
    assert ada.post(f"/runs/{run.id}/cancel", data={"csrf_token": csrf_token(ada, "/")}).status_code == 403
    assert manager.post(f"/runs/{run.id}/cancel", data={"csrf_token": csrf_token(manager, "/")}).status_code == 303
    assert Run.get_by_id(run.id).state == "cancelled"
    assert Policy.select().exists()
    assert Snapshot.select().exists()
