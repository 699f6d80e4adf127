"""What addresses answer whatever they name; whom they answer is in test_isolation.py."""

import re

import pytest

from actors.plans import drafts
from db.audit.audit import SYSTEM
from db.models import BackupSet, Mapping, Notification, RestoreItem, Run
from db.restores import mappings, restore_items
from db.states import RunKind
from db.tenants import schedules
from tests.support.changes import record_change
from tests.support.forms import csrf_token
from tests.support.restore_steps import options

OPEN = {"static", "admin.static"}
IDS = {"tenant_id", "policy_id", "run_id", "snapshot_id", "backup_set_id", "schedule_id", "restore_id", "item_id",
       "mapping_id", "directory_id", "change_id"}  # fmt: skip


def rules(app):
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint not in OPEN]


@pytest.fixture
def fabrikams(captured, cast):
    """Fabrikam's objects by the names that addresses use."""
    policy, run, snapshot = captured[2]
    assert policy.tenant == cast.fabrikam
    schedule = schedules.add(cast.fabrikam, "0 2 * * *", "UTC", SYSTEM)
    made = BackupSet.create(tenant=cast.fabrikam, run=run, selection={}, types={}, problems=[])
    restore = drafts.from_snapshot(snapshot, cast.fabrikam, options(), SYSTEM)
    mappings.set_mapping(cast.fabrikam, cast.fabrikam.directory_id, ("groups", "one"), "other", SYSTEM)
    return {"tenant_id": cast.fabrikam.id, "policy_id": policy.id, "run_id": run.id, "snapshot_id": snapshot.id,
            "backup_set_id": made.id, "schedule_id": schedule.id, "restore_id": restore.id,
            "item_id": RestoreItem.get().id, "mapping_id": Mapping.get().id,
            "directory_id": cast.fabrikam.directory_id, "change_id": record_change(policy).id}  # fmt: skip


def address(rule, ids):
    values = {"other_id": ids.get("snapshot_id"), "export_type": "csv", "user_id": 1, "membership_id": 1,
              "tag_membership_id": 1, "grant_id": 1, "token_id": 1,
              "session_id": 1, "passkey_id": 1, "name": "none",
              "channel_id": 1, "rule_id": 1, "import_id": 1, "imported_policy_id": 1, "document_id": 1,
              "request_id": 1, "store_id": 1, "key_id": 1, "rehearsal_id": 1,
              "rollout_id": 1, "standard_id": 1, "exception_id": 1, "tag_id": 1, "ending": "csv",
              "file": "none", **ids}  # fmt: skip
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(values[found[1]]), rule.rule)


def test_addresses_are_kebab_case(app):
    for rule in rules(app):
        assert re.sub(r"<[^>]+>", "", rule.rule).replace("_", "") == re.sub(r"<[^>]+>", "", rule.rule), rule.rule


def test_an_object_that_does_not_exist_is_404(app, client, sign_in, api, cast, fabrikams, database_url):
    """As a page once; its words are those of the short form, which all other numbers are answered with."""
    sign_in(client, cast.root)
    program = api(cast.root)
    # On PostgreSQL what reaches the database, which has bounds of its own.
    others = ("99999999999999999999", "1%00") + (("0", "-1", "abc") if database_url.startswith("sqlite") else ())
    for made_up, accept in (("999999", "text/html"), *((one, "application/json") for one in others)):
        for rule in rules(app):
            if IDS & rule.arguments and "GET" in rule.methods:
                path = address(rule, {**fabrikams, **dict.fromkeys(IDS & rule.arguments, made_up)})
                asker, head = (program, {}) if path.startswith("/api/") else (client, {"Accept": accept})
                assert asker.get(path, headers=head).status_code == 404, path


def test_a_wrong_verb_is_answered_with_a_page(client, sign_in, cast):
    answer = sign_in(client, cast.root).get("/sign-out")
    assert answer.status_code == 405
    assert "cannot be used that way" in answer.get_data(as_text=True)


def test_a_page_has_no_button_for_what_its_reader_may_not_do(app, sign_in, cast, captured):
    path = f"/policies/{captured[0][0].id}"
    for user, has_button in ((cast.rita, False), (cast.ada, True)):
        page = sign_in(app.test_client(), user).get(path).get_data(as_text=True)
        assert ("capture-snapshot" in page) == has_button


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("path", ["/", "/healthz", "/nowhere"])
def test_a_host_that_is_none_is_400_with_a_sentence(client, path):
    """Scanners send such; no address can be made below it, so no page can be drawn."""
    answer = client.get(path, headers={"Host": "x" * 300})
    assert (answer.status_code, answer.mimetype) == (400, "text/plain")
    assert "names no host" in answer.get_data(as_text=True)


def test_a_form_without_its_token_is_400_and_says_what_to_do(client, sign_in, cast):
    answer = sign_in(client, cast.ada).post(f"/tenants/{cast.contoso.id}/sync")
    assert answer.status_code == 400
    assert "reload the page" in answer.get_data(as_text=True)
    assert not Run.select().exists()


def test_an_item_is_found_below_its_own_restore_only(client, sign_in, cast, captured):
    sign_in(client, cast.max)
    one, other = (drafts.from_snapshot(made[2], cast.contoso, options(), SYSTEM) for made in captured[:2])
    [item] = restore_items.items(other)
    assert client.get(f"/restores/{other.id}/items/{item.id}").status_code == 200
    assert client.get(f"/restores/{one.id}/items/{item.id}").status_code == 404


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
        for path in ("/policies/", "/runs/", "/changes/", "/tenants/", "/audit/", "/notifications/", "/tenants/choose"):
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
    assert "Started: Capture of Contoso policy 1." in pages[0]
    assert "Waiting to start already: Capture of Contoso policy 1." in pages[1]
    assert all(f'href="/runs/{run.id}"' in page for page in pages)
    assert Notification.select().where(Notification.run == run).count() == 1
    for path in ("/", "/policies/", f"/policies/{policy.id}", f"/runs/{run.id}", f"/tenants/{cast.contoso.id}"):
        assert client.get(path).status_code == 200
    assert graph.requests()["http"] == 0


# No act on one row needs more; each row of the form once more would be a thousand.
MOST_STATEMENTS = 120
REPEATED = "rowid=1&item=1&leave=1&type=x&column=kind&action=back_up&what=some&assignments=leave&"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_form_that_says_the_same_again_and_again_asks_the_database_no_more_than_one_that_says_it_once(
    app, client, sign_in, cast, captured, fabrikams, database, monkeypatch
):
    """Of each id once, whatever the form and its field: else one form is minutes of a web process."""
    sign_in(client, cast.root)
    token = csrf_token(client, "/")
    policy, item, restore = captured[2][0].id, fabrikams["snapshot_id"], fabrikams["restore_id"]
    form = REPEATED.replace("rowid=1", f"rowid={policy}").replace("item=1", f"item={item}")
    form += f"backup_set={fabrikams['backup_set_id']}&tenant={cast.fabrikam.id}&restore={restore}&"
    body = form * (120_000 // len(form)) + f"csrf_token={token}"
    asked, execute = [], type(database).execute_sql
    monkeypatch.setattr(type(database), "execute_sql", lambda self, *args: asked.append(args) or execute(self, *args))
    for rule in rules(app):
        if "POST" in rule.methods and rule.endpoint != "sign_in.sign_out":
            asked.clear()
            answer = client.post(address(rule, fabrikams), data=body, content_type="application/x-www-form-urlencoded")
            assert len(asked) < MOST_STATEMENTS, rule.rule
            assert answer.status_code < 500, rule.rule


def test_more_rows_than_a_page_has_are_refused(client, sign_in, cast, captured):
    sign_in(client, cast.root)
    many = {"csrf_token": csrf_token(client, "/"), "action": "capture", "rowid": [*range(1, 102)]}
    assert client.post("/policies/action/", data=many).status_code == 400
    assert not Run.select().where(Run.kind == RunKind.CAPTURE_SNAPSHOT, Run.state == "queued").count()
