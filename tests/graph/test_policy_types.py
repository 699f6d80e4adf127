"""The table of policy types, and the pages that are made from it or must name what it needs."""

import re
from pathlib import Path

from graph.policy_types import POLICY_TYPES
from graph.write_rules import WRITE_RULES
from tests.policy_types_page import PAGE, page

README = Path(__file__).parents[2] / "README.md"


def test_the_page_says_what_the_table_says():
    assert PAGE.read_text(encoding="utf-8") == page(), "write it anew: python -m tests.policy_types_page"


def test_the_readme_names_every_permission_with_an_id():
    is_permission = re.compile(r"\| `[A-Z]\w+(\.\w+)+` \| `[0-9a-f-]{36}` \|")
    rows = [line for line in README.read_text().splitlines() if is_permission.search(line)]
    named = {row.split("`")[1]: row.split("`")[3] for row in rows}
    assert {row.permission for row in POLICY_TYPES.values()} <= set(named)
    assert {rule.permission for rule in WRITE_RULES.values()} <= set(named)
    assert len({len(guid) for guid in named.values()}) == 1
    assert len(set(named.values())) == len(named)


def test_no_two_rows_share_a_key_a_title_or_a_path():
    for attribute in ("key", "title", "path"):
        values = [getattr(row, attribute) for row in POLICY_TYPES.values()]
        assert len(set(values)) == len(values), attribute
