"""Every navigation and action that Microsoft's model has of a policy: read and written, or named with a reason."""

import re
from pathlib import Path

import pytest

import graph
from graph.errors import Forbidden, Incomplete, NotFound, Rejected, Unavailable
from graph.microsoft import model
from graph.policy_types.policy_type import NONE, PolicyType
from graph.policy_types.table import POLICY_TYPES
from graph.read import unread
from graph.read.children import add_children
from graph.read.proof import Proof
from graph.references.navigations import all_links, subtype_links
from graph.transport.client import Answer
from graph.write.write_requests import change_requests
from graph.write.write_rules import WRITE_RULES

TYPE = "#microsoft.graph."
MODELLED = {key: row for key, row in POLICY_TYPES.items() if row.path in model.routes()}
# Read by rules of their own: graph/read/children.py, graph/read/readings.py.
SPECIAL = {
    "deviceConfigurations": {"privacyAccessControls"},
    "depOnboardingSettings": {"enrollmentProfiles", *(f"default{platform}EnrollmentProfile" for platform in (
        "Ios", "MacOs", "TvOS", "VisionOS"))},
}  # fmt: skip


def read_with(row):
    expanded = {re.sub(r"\(.*", "", expand).rpartition("/")[2] for expand in row.expand}
    children = {child.name for child in row.children}
    assignments = set() if row.assignments == NONE else {"assignments"}
    return {*expanded, *children, *assignments, *all_links(row.key), *SPECIAL.get(row.key, ())}


def navigations(key):
    """Of whichever of its subtypes."""
    root = model.type_of_collection(POLICY_TYPES[key].path)
    kinds = model.subtypes(root) | {root}
    return {name for kind in kinds for name, member in model.properties(kind).items() if member.is_navigation}


@pytest.mark.parametrize("key", MODELLED)
def test_every_navigation_is_read_or_named_with_its_reason(key):
    read = read_with(POLICY_TYPES[key])
    for name in navigations(key):
        assert (name in read) + len(unread.rows_for(unread.NAVIGATIONS, key, name)) == 1, name


@pytest.mark.parametrize("key", [key for key in MODELLED if not WRITE_RULES[key].cannot_restore])
def test_every_navigation_that_is_read_is_written(key):
    rule, row = WRITE_RULES[key], POLICY_TYPES[key]
    read = read_with(row) - SPECIAL.get("depOnboardingSettings", set())
    for name in read & navigations(key):
        if name == "assignments":
            assert rule.assign, key
        else:
            # By calls of its own, or with the body.
            assert name in rule.parts or name not in rule.drop | row.volatile, name


def test_every_row_of_what_is_left_out_is_needed():
    found = {(key, name) for key in MODELLED for name in navigations(key)}
    for navigation in unread.NAVIGATIONS:
        assert any(navigation.matches(*pair) for pair in found), navigation
    asked = {(key, name) for key in MODELLED for name in actions(key)}
    for action in unread.ACTIONS:
        assert any(action.matches(*pair) for pair in asked), action


def actions(key):
    """What a route below one policy names, and is no navigation."""
    below = f"{POLICY_TYPES[key].path}/{{}}/"
    found = {route.removeprefix(below) for route in model.routes() if route.startswith(below)}
    return {name for name in found if "/" not in name and not name.startswith("$")} - navigations(key)


# Of what we ask Graph for, every word stands in the code that asks.
HERE = Path(graph.__file__).parent
SOURCE = "".join(
    path.read_text()
    for path in HERE.rglob("*.py")
    if path.stem != "unread" and not {"simulator", "microsoft"} & {*path.relative_to(HERE).parts}
)


@pytest.mark.parametrize("key", MODELLED)
def test_every_action_below_a_policy_is_used_or_named_with_its_reason(key):
    for name in actions(key):
        is_used = re.search(rf'[/"]{re.escape(name.partition("(")[0])}\b', SOURCE) is not None
        named = unread.rows_for(unread.ACTIONS, key, name)
        assert len(named) == 1 or (is_used and not named), name


def test_every_hidden_object_belongs_to_a_policy_that_reads_it():
    for key, row in POLICY_TYPES.items():
        is_hiding = row.is_hidden is not PolicyType.is_hidden
        assert bool(row.hidden_in) == is_hiding, key
        if is_hiding:
            owner = {"id": "x", "notificationTemplates": ["Email_one"]}
            [asked] = next(add_children(POLICY_TYPES[row.hidden_in], "/x", owner, Proof()))
            assert asked.startswith(row.path)


# --- what a subtype refers to by navigation alone --------------------------------------------------------------------

LINKED = [(key, bare) for key in ("deviceConfigurations", "windowsAutopilotDeploymentProfiles")
          for bare in sorted(model.subtypes(model.type_of_collection(POLICY_TYPES[key].path)))
          if subtype_links(key, TYPE + bare)]  # fmt: skip


def read_links(key, bare, answer):
    """The body once every navigation has been answered so."""
    body, proof = {"@odata.type": TYPE + bare, "id": "x"}, Proof()
    steps = add_children(POLICY_TYPES[key], "/x", body, proof)
    asked = next(steps)
    with pytest.raises(StopIteration):
        steps.send([answer(path) for path in asked])
    return asked, body, proof


@pytest.mark.parametrize(("key", "bare"), LINKED)
def test_what_the_model_says_that_a_subtype_refers_to_is_read_and_linked_again(key, bare):
    found = {"id": "root", "displayName": "Root", "@odata.type": f"{TYPE}x", "more": "of it"}
    of_type = {link.name: link for link in subtype_links(key, TYPE + bare)}

    def answer(path):
        is_many = of_type[path.rpartition("/")[2].partition("?")[0]].is_many
        return Answer(body={"value": [found]} if is_many else found)

    asked, body, _ = read_links(key, bare, answer)
    assert asked == [f"/x/microsoft.graph.{bare}/{name}?$select=id,displayName" for name in of_type]
    empty = {name: [] if link.is_many else None for name, link in of_type.items()}
    row, now = POLICY_TYPES[key], {"@odata.type": TYPE + bare, **empty}
    written = change_requests(row, "y", {"body": now}, {"body": body}, with_assignments=False)
    addresses = {"deviceConfigurations": "/deviceManagement/deviceConfigurations('root')",
                 "derivedCredentials": "/deviceManagement/derivedCredentials('root')"}  # fmt: skip
    assert {(request.method, request.path, str(request.body)) for request in written} == {
        ("POST" if link.is_many else "PUT", f"{row.path}/y/microsoft.graph.{bare}/{name}/$ref",
         str({"@odata.id": addresses[link.kind]})) for name, link in of_type.items()
    }  # fmt: skip
    removed = change_requests(row, "y", {"body": body}, {"body": now}, with_assignments=False)
    assert {request.method for request in removed} == {"DELETE"}
    assert change_requests(row, "y", {"body": body}, {"body": body}, with_assignments=False) == []
    renamed = {**body, **{name: [{**found, "displayName": "B"}] if link.is_many else {**found, "displayName": "B"}
                          for name, link in of_type.items()}}  # fmt: skip
    assert change_requests(row, "y", {"body": renamed}, {"body": body}, with_assignments=False) == []


CERTIFICATES = [
    (key, bare) for key, bare in LINKED if not all(link.is_untried for link in subtype_links(key, TYPE + bare))
]


@pytest.mark.parametrize(("key", "bare"), CERTIFICATES[::6])
def test_only_a_404_says_that_there_is_none(key, bare):
    _, body, proof = read_links(key, bare, lambda path: Answer(error=NotFound("not_found", "Nothing.")))
    assert {body[link.name] for link in subtype_links(key, TYPE + bare)} == {None}
    assert proof.withheld == []
    for error in (Rejected("refused", "Resource not found for the segment."), Forbidden("forbidden", "No.")):
        with pytest.raises(Incomplete, match=r"did not show \w+: "):
            read_links(key, bare, lambda path, error=error: Answer(error=error))
    with pytest.raises(Unavailable):
        read_links(key, bare, lambda path: Answer(error=Unavailable("unavailable", "Later.")))


def test_a_navigation_that_nobody_was_seen_to_read_costs_itself_alone_and_is_named():
    refused = Answer(error=Rejected("refused", "No."))
    _, body, proof = read_links(
        "windowsAutopilotDeploymentProfiles", "activeDirectoryWindowsAutopilotDeploymentProfile", lambda path: refused
    )
    assert "domainJoinConfiguration" not in body
    assert [part["where"] for part in proof.withheld] == ["domainJoinConfiguration"]
