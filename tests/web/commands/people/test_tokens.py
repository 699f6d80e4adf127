"""`tenantkeep token`: a token is printed once, opens the API, and ends at once."""

import json

import pytest
from click.testing import CliRunner

from db.audit.audit import SYSTEM
from db.database import database as handle
from db.errors import Invalid
from db.tenants import tags
from web.commands import cli

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def run(*words):
    handle.close()
    result = CliRunner().invoke(cli, ["token", *words], standalone_mode=False)
    handle.connect(reuse_if_open=True)
    return result


def test_a_token_is_printed_once_opens_what_it_is_for_and_ends_at_once(cast, app):
    tags.replace(cast.fabrikam, ["Gold"], SYSTEM)
    words = ("nightly", "--user", "root@example.com", "--scope", "read", "--scope", "start")
    document = json.loads(run("add", *words, "--tenant", "Contoso", "--tag", "GOLD", "--days", "30", "--json").stdout)
    assert set(document) >= {"id", "token", "name", "scopes", "tenants", "expires_at"}
    assert (document["name"], document["scopes"], document["tenants"]) == ("nightly", ["read", "start"], ["Contoso"])

    def ask():
        return app.test_client().get("/api/v1/tenants", headers={"Authorization": f"Bearer {document['token']}"})

    assert [item["name"] for item in ask().json["items"]] == ["Fabrikam", "Contoso"]
    listed = run("list", "--user", "root@example.com", "--json").stdout
    assert document["token"] not in listed
    assert json.loads(listed)[0]["last_used_at"].endswith("Z")
    assert "root@example.com  nightly: read, start; until" in run("list").stdout
    assert json.loads(run("end", str(document["id"]), "--json").stdout) == {"id": document["id"], "ended": True}
    assert ask().status_code == 401
    assert "ended already" in run("end", str(document["id"])).stdout


def test_what_names_nobody_or_nothing_is_refused_with_what_to_do(cast):
    for words in (
        ("add", "x", "--user", "nobody@example.com"),
        ("end", "4711"),
        ("add", "x", "--user", "ada@example.com", "--tenant", "No"),
    ):
        assert isinstance(run(*words).exception, Invalid), words
