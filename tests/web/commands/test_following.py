"""`tenantkeep standard adopt` and what follows: values, links, exceptions, in words and as JSON."""

import json

import pytest
from click.testing import CliRunner

from db.clock import utcnow
from db.database import database as handle
from db.errors import Invalid
from db.models import StandardAdoption, StandardCell, StandardException
from db.restores import mappings
from tests.support.following import CATALOG, standard_of
from web.commands import cli

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PREFIX = {"name": "prefix", "kind": "prefix", "label": "Prefix", "default": "ST", "object": None, "places": []}


def run(*words):
    done = CliRunner().invoke(cli, ["standard", *words], catch_exceptions=False)
    handle.close()
    assert done.exit_code == 0, done.output
    return json.loads(done.output) if "--json" in words else done.output


def test_a_tenant_follows_says_what_is_otherwise_and_leaves(cast, redis_url):
    standard, _ = standard_of({"a": (CATALOG, {"name": "Ring"}, {})}, parameters=[PREFIX])
    there = "10000001-0000-4000-8000-000000000000"
    handle.close()
    assert "is followed by: Contoso, Fabrikam" in run("adopt", "Base", "Contoso", "Fabrikam", "--ring", "pilot")
    [first, _] = run("tenants", "Base", "--json")["tenants"]
    assert first["tenant"]["name"] == "Contoso"
    assert (first["ring"], first["version"], first["counts"]) == ("pilot", None, {})
    assert run("adopt", "Base", "--tag", "Gold", "--json") == {"standard": "Base", "tag": "Gold", "ring": "all"}
    assert "Set: Prefix." in run("set", "Base", "Contoso", "prefix=CT - ")
    document = run("link", "Base", "Contoso", "a", there, "--json")
    assert [(row["key"], row["state"], row["policy"] is not None) for row in document["items"]] == [("a", None, True)]
    assert document["parameters"][0]["value"] == "CT - "
    assert "not looked at yet  a  Ring" in run("tenants", "Base", "Contoso")
    assert "not asked again" in run("link", "Base", "Contoso", "a", "--none")
    assert mappings.declined(cast.contoso, standard.uid) == {(CATALOG, "a")}
    limited = run("keep-limit", "Base", "Contoso", "3", "--json")
    assert (limited["put_backs_a_day"], limited["items"][0]["keep"]) == (3, None)
    cell = {"policy_type": CATALOG, "name": "Ring", "state": "aligned", "since_at": utcnow()}
    StandardCell.create(adoption=StandardAdoption.get(StandardAdoption.tenant == cast.contoso), item_key="a", **cell)
    assert run("keep", "Base", "Contoso", "a", "tell", "--json")["items"][0]["keep"] == "tell"
    asked = run("except", "Base", "a", "--tenant", "Contoso", "--reason", "CAB", "--until", "2027-01-31", "--json")
    assert (asked["kind"], asked["until"], asked["approved_at"]) == ("leave_out", "2027-01-31T23:59:59Z", None)
    assert run("approve", str(asked["id"]), "--json")["approved_at"]
    assert "has ended" in run("end", str(asked["id"]), "--reason", "over")
    assert StandardException.get().ended_at
    assert "no longer" in run("leave", "Base", "Fabrikam")
    assert StandardAdoption.select().count() == 1
    for words, said in (
        (("adopt", "Bass", "Contoso"), "no standard “Bass”"),
        (("adopt", "Base"), "Name tenants, or a tag"),
        (("leave", "Base", "Fabrikam"), "Fabrikam does not follow"),
        (("set", "Base", "Contoso", "prefix"), "write NAME=VALUE"),
        (("link", "Base", "Contoso", "a"), "or say --none"),
        (("approve", "99"), "no exception 99"),
        (("keep", "Base", "Contoso", "b", "tell"), "no item that was compared"),
        (("keep", "Base", "Contoso", "a", "put-back"), "nobody has said which it is"),
        (("keep-limit", "Base", "Contoso", "51"), "from 0 to 50"),
    ):
        with pytest.raises(Invalid, match=said):
            run(*words)
