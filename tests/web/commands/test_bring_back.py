"""`tenantkeep bring-back`: wrong input is refused, and nothing is made, before anything is asked of a worker."""

import pytest
from click.testing import CliRunner

from db.models import Restore
from web.commands import cli

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--to", "soon"), "is no time"),
        (("--to", "2020-01-01T00:00", "--live", "--yes"), "Say why with --reason"),
        (("--to", "2020-01-01T00:00", "--by", "nobody"), "Nothing is known of Contoso before"),
    ],
)
def test_what_cannot_be_brought_back_is_refused(cast, words, why):
    assert why in str(CliRunner().invoke(cli, ["bring-back", "Contoso", *words]).exception)
    assert not Restore.select().exists()
