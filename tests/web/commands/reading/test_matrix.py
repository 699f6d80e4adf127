"""`tenantkeep standard matrix`: counted by ring, cell by cell, compared first where that is asked for."""

import json

import pytest
from click.testing import CliRunner

from db.database import database as handle
from db.errors import Invalid
from tests.support.standard_rows import (
    CATALOG,
    catalog_body,
    follow,
    guid,
    has,
    item_of,
    listed_now,
    new_standard,
    version_of,
)
from web.commands import cli

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def run(*words):
    done = CliRunner().invoke(cli, ["standard", "matrix", *words], catch_exceptions=False)
    handle.close()
    assert done.exit_code == 0, done.output
    return json.loads(done.output) if "--json" in words else done.output


def test_it_counts_lists_and_compares(cast, redis_url):
    standard = new_standard()
    version_of(standard, item_of("a", catalog_body("Disk")), item_of("b", catalog_body("Ring \x1b[31m")))
    adoption = follow(standard, cast.contoso)
    follow(standard, cast.fabrikam, "all")
    has(adoption, "a", guid(1), catalog_body("Disk", "ours"))
    listed_now(cast.contoso, CATALOG)
    handle.close()
    assert "pilot  1 tenants: nothing yet; 1 not looked at yet" in run("Base")
    text = run("Base", "--now", "--cells")
    assert "pilot  1 tenants: 1 differs, 1 missing" in text
    assert "missing        Contoso  Ring  [31m" in text
    document = run("Base", "--state", "differs", "--json")
    assert [(row["tenant_name"], row["item"], row["places"]) for row in document["cells"]] == [
        ("Contoso", "Disk", ["Description"])
    ]
    assert document["rings"][0]["states"] == {"differs": 1, "missing": 1}
    with pytest.raises(Invalid, match="no standard"):
        run("Nobody's")
