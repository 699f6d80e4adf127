"""`make docs` writes docs/policy-types.md from the table; a test compares the two."""

from collections.abc import Iterable
from pathlib import Path

from graph.policy_types.object_labels import object_label
from graph.policy_types.policy_type import EXPANDED, NONE, ROUTE, PolicyType
from graph.policy_types.table import POLICY_TYPES
from graph.policy_types.write_rule import BY_UPDATE, ONE_BY_ONE, WriteRule
from graph.references.reference_kinds import BY_SETTING
from graph.write.readiness import PATIENCE, READINESS
from graph.write.write_rules import WRITE_RULES
from tests.support.model_walk import PART, REFERENCE, SECRET, Answer, answers
from tests.tools.markdown import formatted

PAGE = Path(__file__).parents[2] / "docs" / "policy-types.md"
ASSIGNMENTS = {EXPANDED: "with the policy", ROUTE: "by their own route", NONE: "has none"}

# Lines of a page are as long as a page's.
# ruff: noqa: E501

HEAD = """# Policy types

What Tenantkeep reads and writes, made from `graph/policy_types/table.py` and `graph/write/write_rules.py` by
`make docs`. Paths are below
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
RESTORE = """
## What a restore writes

From what is there and what is wanted, only what differs is written. *In parts* have calls of their own. *Fixed* properties can be
set at creation only: where one differs, the policy is blocked, and the preview says so. Built-in policies that no tenant can change
are blocked too. Lower waves are written first; removals go the other way round. What *names itself* is made at an address that who makes
it says: whatever has it is updated, and never made a second time.

| policy type | permission to write | wave | changed by | in parts | assignments | fixed | cannot be made anew |
|---|---|---|---|---|---|---|---|
"""
MINDS = """
## What a restore minds

Made from Microsoft's model and the tables ([fidelity](fidelity.md) says from where each is known). *References* are found by their properties and replaced by
what they stand for in the target; scope tags, and the groups, filters and collections of assignments, are not repeated here. *Secrets* are kept by Graph. *Beside the body* is
read with the policy, compared, and comes back by calls of its own. *Waits*: until what was just made can be used.

| policy type | references | secrets | beside the body | waits |
|---|---|---|---|---|
"""
NOT_RESTORED = """
### Read, and not restored

| policy type | why |
|---|---|
"""
# Bodies of which at most a new one cannot be made.
UNMAKEABLE = (
    {"priority": 0},
    {"isDefaultProfile": True},
    {"@odata.type": "#microsoft.graph.win32LobApp"},
    {"@odata.type": "#microsoft.graph.unsupportedDeviceConfiguration"},
)
ASSIGN = {"": "", ONE_BY_ONE: "one by one", BY_UPDATE: "with the items"}
VOLATILE = """
## What is kept but not compared

Clocks and counters of the service. A change in them alone makes no new snapshot. For every policy type: ids, versions and times of
creation and change.

| policy type | properties |
|---|---|
"""


def page() -> str:
    return formatted(_page())


def _page() -> str:
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
        + RESTORE
        + "".join(_written(row, WRITE_RULES[row.key]) for row in rows if not WRITE_RULES[row.key].cannot_restore)
        + MINDS
        + "".join(_minds(row) for row in rows if not WRITE_RULES[row.key].cannot_restore)
        + NOT_RESTORED
        + "".join(
            f"| {row.title} | {WRITE_RULES[row.key].cannot_restore} |\n"
            for row in rows
            if WRITE_RULES[row.key].cannot_restore
        )
        + VOLATILE
        + "".join(
            f"| {row.title} | {', '.join(f'`{name}`' for name in sorted(row.volatile))} |\n"
            for row in rows
            if row.volatile
        )
    )


def _written(row: PolicyType, rule: WriteRule) -> str:
    unmakeable = dict.fromkeys(why for body in UNMAKEABLE if (why := rule.cannot_create({"@odata.type": "", **body})))
    cells = (
        row.title,
        f"`{rule.permission}`",
        str(rule.wave),
        rule.update,
        _names(rule.parts),
        ASSIGN.get(rule.assign, "all at once"),
        _names(sorted(rule.create_only)),
        " ".join((*unmakeable, *(("Names itself.",) if rule.names_itself else ()))),
    )
    return f"| {' | '.join(cells)} |\n"


def _is_usual(one: Answer) -> bool:
    """Every type that can be assigned has it."""
    return one.of.endswith("AssignmentTarget") or one.name in ("roleScopeTagIds", "roleScopeTags")


def _minds(row: PolicyType) -> str:
    found = answers(row)
    kinds = {one.kind for one in found if one.what == REFERENCE and one.kind and not _is_usual(one)}
    if any(one.of == "deviceManagementConfigurationSetting" for one in found):
        kinds |= {"reusablePolicySettings", *BY_SETTING.values()}
    names = sorted(object_label(kind).removeprefix("the ") for kind in kinds)
    secrets = [_names(sorted({one.name for one in found if one.what == SECRET}))]
    secrets += ["secret settings"] if "settings" in row.expand else []
    parts = {one.name for one in found if one.what == PART and one.name != "assignments"}
    parts |= WRITE_RULES[row.key].parts.keys()
    waits = READINESS[row.key].waits_for.rstrip(".") if row.key in READINESS else ""
    patience = f"up to {PATIENCE[row.key]} s" if row.key in PATIENCE else ""
    cells = (row.title, ", ".join(names), ", ".join(filter(None, secrets)), _names(sorted(parts)),
             " ".join(filter(None, (waits, patience))))  # fmt: skip
    return f"| {' | '.join(cells)} |\n"


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _besides(row: PolicyType) -> str:
    names = [name.partition("(")[0].rpartition("/")[2] for name in row.expand] + [child.name for child in row.children]
    return _names(names)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
