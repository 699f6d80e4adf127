"""`python -m tests.policy_types_page` writes docs/policy-types.md from the table; a test compares the two."""

from pathlib import Path

from graph.policy_type import EXPANDED, NONE, ROUTE, PolicyType
from graph.policy_types import POLICY_TYPES

PAGE = Path(__file__).parents[1] / "docs" / "policy-types.md"
ASSIGNMENTS = {EXPANDED: "with the policy", ROUTE: "by their own route", NONE: "has none"}

# Lines of a page are as long as a page's.
# ruff: noqa: E501

HEAD = """# Policy types

What Tenantkeep reads, made from `graph/policy_types.py` by `python -m tests.policy_types_page`. Paths are below
`https://graph.microsoft.com/beta`. A snapshot holds the whole object as Graph gives it, with the children named here, the names of
the groups, filters and scope tags it refers to, and the secrets that Graph reveals.

| policy type | collection | permission | assignments | besides the object itself | its list shows a change |
|---|---|---|---|---|---|
"""
NEVER = """
## What Graph never gives back

A snapshot says so where it applies: these values cannot be in any backup made through Graph.

| policy type | |
|---|---|
"""
VOLATILE = """
## What is kept but not compared

Clocks and counters of the service. A change in them alone makes no new snapshot. For every policy type: ids, versions and times of
creation and change.

| policy type | properties |
|---|---|
"""


def page() -> str:
    rows = POLICY_TYPES.values()
    return (
        HEAD
        + "".join(
            f"| {row.title} | `{row.path}` | `{row.permission}` | {ASSIGNMENTS[row.assignments]} | {_besides(row)} | "
            f"{'yes' if row.trusts_list else 'no: always read'} |\n"
            for row in rows
        )
        + NEVER
        + "".join(f"| {row.title} | {row.never_returned} |\n" for row in rows if row.never_returned)
        + VOLATILE
        + "".join(
            f"| {row.title} | {', '.join(f'`{name}`' for name in sorted(row.volatile))} |\n"
            for row in rows
            if row.volatile
        )
    )


def _besides(row: PolicyType) -> str:
    names = [name.partition("(")[0].rpartition("/")[2] for name in row.expand] + [child.name for child in row.children]
    return ", ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
