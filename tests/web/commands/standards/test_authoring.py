"""`tenantkeep standard list|show|make`, in words and as JSON."""

import json

import pytest
from click.testing import CliRunner

from db.database import database as handle
from db.errors import Invalid
from db.models import StandardVersion
from tests.actors.standards.test_making import snapshot
from tests.support.documents import imported
from web.commands import cli

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def run(*words):
    done = CliRunner().invoke(cli, ["standard", *words], catch_exceptions=False)
    handle.close()
    assert done.exit_code == 0, done.output
    return json.loads(done.output) if "--json" in words else done.output


def test_a_standard_is_made_shown_and_changed_from_the_command_line(cast, redis_url):
    snapshot(cast.contoso, "deviceConfigurations", "r1", "CT - Ring 1")
    snapshot(cast.contoso, "deviceManagementScripts", "r2", "CT - Ring\x1b 2")
    row = imported(cast.contoso)
    handle.close()
    assert "no standard yet" in run("list")
    made = run("make", "Base", "Contoso", "--notes", "First", "--json")
    assert (made["standard"]["name"], made["number"], made["item_count"]) == ("Base", 1, 2)
    assert "version 2: 1 policies" in run("make", "Base", "--keep", "--without", "r2", "--notes", "Less")
    assert "version 3: 1 policies" in run("make", "Base", "Contoso", "--policy", "r2", "--without-assignments")
    assert "version 4: 1 policies" in run("make", "Base", "--import", str(row.id))
    shown = run("show", "Base", "--version", "2")
    assert "left out CT - Ring  2" in shown
    assert "\x1b" not in shown
    document = run("show", "Base", "--version", "1", "--json")
    assert ([item["key"] for item in document["items"]], document["since"]) == (["r1", "r2"], None)
    assert run("list", "--json")["standards"][0]["newest_version"] == 4
    assert "Base: version 4, 1 policies, followed by 0 tenants" in run("list")
    for words, said in (
        (("show", "Bass"), "no standard “Bass”"),
        (("show", "Base", "--version", "9"), "has no version 9"),
        (("make", "Base"), "Name a tenant, or an import"),
        (("make", "New", "--keep", "--without", "x"), "has no version yet"),
        (("make", "Base", "--import", "99"), "no import 99"),
        (("make", "Base", "Contoso", "--policy", "nowhere"), "No policy nowhere of Contoso"),
    ):
        with pytest.raises(Invalid, match=said):
            run(*words)
    assert StandardVersion.select().count() == 4
