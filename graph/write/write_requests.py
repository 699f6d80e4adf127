"""Requests that make a policy what a backup holds. Pure: nothing here is sent.

A create is one POST; all else follows from comparing the live policy with the wanted one, whether it was just created,
was changed by somebody, or was left half written by a crash. Only what differs is written.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from graph.content.normalise import normalise, normalise_assignments
from graph.content.odata import strip_annotations
from graph.content.places import root_type
from graph.content.secrets import comparable_body, is_held, secrets_of, settle_secrets
from graph.content.service_made import is_service_made_outermost
from graph.definitions.wording import NO_WORDS, Wording
from graph.display.diff import NO_NAMES, Difference, compare_normalised
from graph.display.labels import NamesById
from graph.microsoft import model
from graph.policy_types.enrollment import NEVER_SENT, enrollment_token
from graph.policy_types.policy_type import PolicyType
from graph.policy_types.write_rule import BY_UPDATE, ONE_BY_ONE, Object, WriteRule
from graph.read.readings import item_path
from graph.transport import paths
from graph.transport.client import Request
from graph.write import additions
from graph.write.actions import pick, post
from graph.write.attainable import limit_to_attainable
from graph.write.write_rules import WRITE_RULES

PolicyContent = dict[str, Any]


def chosen_id(policy_type: PolicyType, content: PolicyContent) -> str:
    """Return the id that a create chooses: a policy that has it would be overwritten. "" where Graph gives one."""
    return str(content["body"].get("id") or "") if WRITE_RULES[policy_type.key].names_itself else ""


def creation_request(policy_type: PolicyType, want: PolicyContent, token: str = "") -> Request:
    """Return the request that creates the policy, below `token` where such policies live below one.

    Properties that it does not take follow as changes.
    """
    rule, body = WRITE_RULES[policy_type.key], settle_secrets(policy_type, want["body"]).body
    if rule.create:
        return rule.create(policy_type.path, body)
    sent = shaped_body(policy_type, rule, body)
    if rule.names_itself:
        return Request(policy_type.item_path(chosen_id(policy_type, want)), "PATCH", sent)
    later = rule.parts.keys() - rule.parts_in_create
    sent = {name: value for name, value in sent.items() if name not in later} | _creation_source(rule, want["body"])
    if rule.taken_by_create:
        sent = {name: value for name, value in sent.items() if name in rule.taken_by_create}
    path = f"{policy_type.item_path(token)}/enrollmentProfiles" if token else policy_type.path
    return post(path, sent)


def _creation_source(rule: WriteRule, body: Object) -> Object:
    """Return the token that the policy is made under, which a create sends too
    (deploymenttheory/terraform-provider-microsoft365, ios_device_enrollment_policy).
    """
    is_sent = "creationSource" in rule.repeated_by_put and enrollment_token(body)
    return {"creationSource": body["creationSource"]} if is_sent else {}


def is_all_secret(policy_type: PolicyType, body: Object) -> bool:
    """Return whether nothing is left of its settings, or of its one setting, without its secrets."""
    left = settle_secrets(policy_type, body).body
    return any(body.get(name) and not left.get(name) for name in ("settings", "settingInstance"))


def created_id(policy_type: PolicyType, want: PolicyContent, answer: Object, token: str = "") -> str:
    """Return the new policy's id: "{token}/{id}" below a token. For an id that we chose, the answer may be empty."""
    graph_id = chosen_id(policy_type, want) or str(answer.get("id") or "")
    return f"{token}/{graph_id}" if token else graph_id


def change_requests(
    policy_type: PolicyType, graph_id: str, live: PolicyContent, want: PolicyContent, *, with_assignments: bool
) -> list[Request]:
    """Return the requests, in order, that make `live` into `want`; none when they are the same."""
    path, rule = item_path(policy_type, graph_id), WRITE_RULES[policy_type.key]
    wanted_body = limit_to_attainable(policy_type.key, want["body"], live["body"]).body
    requests = [*_body_requests(policy_type, rule, path, live["body"], wanted_body)]
    if with_assignments:
        requests += _assignment_requests(rule, path, live, want)
    return requests


def created_part(policy_type: PolicyType, want: PolicyContent, *, with_assignments: bool) -> PolicyContent:
    """Return the part of `want` that would be sent to create it, by whole properties."""
    rule, body = WRITE_RULES[policy_type.key], want["body"]
    names = {*_sent_names(shaped_body(policy_type, rule, body)), *rule.parts}
    return _part_of(want, names, is_assigned=with_assignments and bool(_assignment_requests(rule, "", _NOBODY, want)))


_NOBODY: PolicyContent = {"assignments": []}


def _part_of(want: PolicyContent, names: set[str], *, is_assigned: bool) -> PolicyContent:
    properties = {name: value for name, value in want["body"].items() if name in names or name == "@odata.type"}
    part: PolicyContent = {"body": properties} if names else {}
    return {**part, "assignments": want["assignments"]} if is_assigned else part


def _sent_names(sent: Object) -> set[str]:
    """Return the properties that are sent; a bind stands for the property of its name."""
    return {name.split("@odata.bind")[0] for name in sent}


def _body_requests(policy_type: PolicyType, rule: WriteRule, path: str, live: Object, want: Object) -> list[Request]:
    differing = _compare_bodies(policy_type, live, want).differing
    if not differing:
        return []
    # A secret stays as it is in the tenant: its own token goes back. A secret that is not there cannot be written.
    want = settle_secrets(policy_type, want, live).body
    calls = _update_requests(policy_type, rule, path, live, want, differing - rule.parts.keys() - rule.create_only)
    # Two properties may share one call (apps and their group).
    for part in dict.fromkeys(rule.parts[name] for name in rule.parts if name in differing):
        calls += part(path, live, want)
    return calls


def _update_requests(
    policy_type: PolicyType, rule: WriteRule, path: str, live: Object, want: Object, differing: set[str]
) -> list[Request]:
    sent = _update_body(policy_type, rule, want, differing)
    if not sent:
        return []
    if rule.update == "PUT":
        return [Request(path, "PUT", _put_body(policy_type, rule, live, sent))]
    if rule.change:
        return [rule.change(path, sent)]
    return [Request(path, "PATCH", _type_annotation(rule, want) | sent | _held_secrets(policy_type, want))]


def _update_body(policy_type: PolicyType, rule: WriteRule, want: Object, differing: set[str]) -> Object:
    """Return what an update sends of the body itself: what differs, or with PUT the whole; {} where nothing differs."""
    sent = shaped_body(policy_type, rule, want)
    sent = {name: value for name, value in sent.items() if name not in rule.parts}
    changed = {name: value for name, value in sent.items() if name.split("@")[0] in differing}
    return sent if changed and rule.update == "PUT" else changed


def _put_body(policy_type: PolicyType, rule: WriteRule, live: Object, sent: Object) -> Object:
    """Return the whole body that a PUT needs: the tenant's own, overlaid with what is wanted.

    So properties that the backup does not know stay, and so do those that cannot change, in the tenant's own spelling.
    """
    theirs = shaped_body(policy_type, rule, live)
    live_properties = {name: value for name, value in theirs.items() if name not in rule.parts}
    wanted_properties = {
        name: value for name, value in sent.items() if name not in rule.create_only or name not in live_properties
    }
    return live_properties | wanted_properties | {name: live[name] for name in rule.repeated_by_put if live.get(name)}


def _held_secrets(policy_type: PolicyType, want: Object) -> Object:
    """Return the secrets that the backup holds: nobody can see whether they differ, so any update sends them along."""
    known = secrets_of(want, root_type(policy_type))
    return {name: want[name] for name, secret in known.items() if is_held(want.get(name), secret)}


@dataclass(frozen=True)
class _ComparedBodies:
    """The comparable parts of the live body and of the wanted one, as they are and normalised."""

    live: Object
    want: Object
    now: Object
    then: Object

    @property
    def differing(self) -> set[str]:
        """Return the top-level properties that differ; properties that the backup does not know do not count."""
        return {name for name in self.want if self.now.get(name) != self.then.get(name)}


def _compare_bodies(
    policy_type: PolicyType, live: Object, want: Object, *, may_lack_secrets: bool = True
) -> _ComparedBodies:
    if may_lack_secrets:
        want = comparable_body(policy_type, want, live)
    live = additions.without_additions(policy_type, live, want)
    then = normalise(policy_type, {"body": want})["body"]
    now = then if live == want else normalise(policy_type, {"body": live})["body"]
    return _ComparedBodies(live, want, now, then)


def shaped_body(policy_type: PolicyType, rule: WriteRule, body: Object) -> Object:
    """Return a body as it is sent, what has calls of its own among it."""
    body = dict(body)
    rule.shape(body)
    sent = _sendable_properties(policy_type, body)
    return _type_annotation(rule, body) | sent | _default_tag(sent)


def _sendable_properties(policy_type: PolicyType, body: Object) -> Object:
    """Return the properties of a body that are ever sent."""
    actual = model.type_of(body, root_type(policy_type))
    dropped = policy_type.volatile | WRITE_RULES[policy_type.key].drop | NEVER_SENT
    dropped |= {"id", "assignments", "@odata.type"}
    return {
        name: value
        for name, value in body.items()
        if name not in dropped and not is_service_made_outermost(actual, name)
    }


def _default_tag(sent: Object) -> Object:
    """Return the built-in scope tag where there is none, spelt null or []: exporters send that and no null
    (Micke-K/IntuneManagement: Set-ScopeTags; deploymenttheory/terraform-provider-microsoft365: the default of every
    resource).
    """
    return {name: ["0"] for name in ("roleScopeTagIds", "roleScopeTags") if name in sent and not sent[name]}


def _type_annotation(rule: WriteRule, body: Object) -> Object:
    kind = body.get("@odata.type") or rule.odata_type
    return {"@odata.type": kind} if rule.sends_type and kind else {}


# --- assignments -----------------------------------------------------------------------------------------------------


def direct_assignments(assignments: Any) -> Any:
    """Return the policy's own assignments: those that a policy set gives it come and go with the set."""
    if not isinstance(assignments, list):
        return assignments
    return [assignment for assignment in assignments if assignment.get("source") in (None, "direct")]


def sent_assignments(want: PolicyContent) -> list[Object]:
    """Return the assignments as a request sends them: whom, and how; not where each came from."""
    direct = direct_assignments(want.get("assignments")) or ()
    return [_assignment_body(assignment, want["body"]) for assignment in direct]


def _assignment_requests(rule: WriteRule, path: str, live: PolicyContent, want: PolicyContent) -> list[Request]:
    now, then = direct_assignments(live.get("assignments")), direct_assignments(want.get("assignments"))
    known = additions.assignments_without_additions(now, then)
    if not rule.assign or then is None or normalise_assignments(known) == normalise_assignments(then):
        return []
    sent = sent_assignments(want)
    if rule.assign == ONE_BY_ONE:
        return _requests_one_by_one(path, now or [], sent)
    if rule.assign == BY_UPDATE:
        return [post(f"{path}/update", {"assignments": sent})]
    cast = f"/{rule.assign_cast}" if rule.assign_cast else ""
    return [post(f"{path}{cast}/assign", {rule.assign: sent})]


def _requests_one_by_one(path: str, now: list[Object], then: list[Object]) -> list[Request]:
    live_by_target = {_target_key(assignment): assignment for assignment in now}
    wanted_by_target = {_target_key(assignment): assignment for assignment in then}
    superfluous = [assignment for key, assignment in live_by_target.items() if key not in wanted_by_target]
    deletions = [Request(paths.join(path, "assignments", assignment["id"]), "DELETE") for assignment in superfluous]
    return [
        *deletions,
        *(
            post(f"{path}/assignments", assignment)
            for key, assignment in wanted_by_target.items()
            if key not in live_by_target
        ),
    ]


def _target_key(assignment: Object) -> str:
    return repr(normalise_assignments([{"target": assignment["target"]}]))


_TARGET = (
    "@odata.type", "groupId", "collectionId",
    # For a Cloud PC: its size, and the number of licences.
    "servicePlanId", "allotmentDisplayName", "allotmentLicensesCount",
)  # fmt: skip
_FILTER = ("deviceAndAppManagementAssignmentFilterId", "deviceAndAppManagementAssignmentFilterType")


def _assignment_body(assignment: Object, body: Object) -> Object:
    target = assignment.get("target") or {}
    target_body = {name: target[name] for name in _TARGET if target.get(name)}
    if target.get(_FILTER[0]):
        target_body |= {name: target[name] for name in _FILTER}
    sent: Object = {"target": target_body, **pick(assignment, "intent", "settings")}
    if "intent" in assignment:
        sent["@odata.type"] = "#microsoft.graph.mobileAppAssignment"
    if assignment.get("runSchedule"):
        # Read back as false whatever was sent: it follows from whether there is a script to run.
        sent["runSchedule"] = assignment["runSchedule"]
        sent["runRemediationScript"] = bool(body.get("remediationScriptContent"))
    return sent


# --- removal ---------------------------------------------------------------------------------------------------------


def removal_requests(policy_type: PolicyType, graph_id: str, live: PolicyContent) -> list[Request]:
    """Return the requests that delete a policy, after the changes that some need first.

    None for a policy that every tenant has exactly one of: it stays.
    """
    if policy_type.is_single:
        return []
    path = item_path(policy_type, graph_id)
    before: list[Request] = []
    if WRITE_RULES[policy_type.key].assign == ONE_BY_ONE:
        before = _requests_one_by_one(path, live.get("assignments") or [], [])
    if live["body"].get("isTrusted") is True and policy_type.key == "namedLocations":
        # A trusted location cannot be deleted.
        location = pick(live["body"], "@odata.type", "displayName", "ipRanges")
        before = [Request(path, "PATCH", {**location, "isTrusted": False})]
    return [*before, Request(path, "DELETE")]


# --- comparing -------------------------------------------------------------------------------------------------------


class Comparison:
    """A policy as it is in the tenant beside what is wanted. Each step is worked out once, when it is asked for."""

    def __init__(
        self, policy_type: PolicyType, live: PolicyContent, want: PolicyContent, *, may_lack_secrets: bool = True
    ) -> None:
        """`may_lack_secrets`: False where it is known that `want` lacks none, which then is not looked for."""
        self.live, self.want = live, want
        self._policy_type, self._rule = policy_type, WRITE_RULES[policy_type.key]
        self._may_lack_secrets = may_lack_secrets
        self._found: dict[bool, list[Difference]] = {}

    def remaining_differences(self, *, with_assignments: bool) -> list[Difference]:
        """Return the differences that are left, as a reader sees them: before is `live`, after is `want`.

        Assignments that nobody knows (null, from an import) are neither written nor a difference.
        """
        if with_assignments not in self._found:
            self._found[with_assignments] = self.differences_in_words(with_assignments, NO_NAMES, NO_WORDS)
        return self._found[with_assignments]

    def differences_in_words(self, with_assignments: bool, names: NamesById, wording: Wording) -> list[Difference]:
        if self.live == self.want:  # as most of a preview's are: far cheaper than looking at each value
            return []
        bodies, theirs = self._attainable, direct_assignments(self.live.get("assignments"))
        wanted = direct_assignments(self.want.get("assignments")) if with_assignments else None
        wanted = theirs if wanted is None else wanted
        assigned = additions.assignments_without_additions(theirs, wanted)
        before = {"body": bodies.live, "assignments": assigned}
        after = {"body": bodies.want, "assignments": wanted}
        normalised = (
            {"body": bodies.now, "assignments": normalise_assignments(strip_annotations(assigned))},
            {"body": bodies.then, "assignments": normalise_assignments(strip_annotations(wanted))},
        )
        return compare_normalised(self._policy_type, before, after, normalised, names, wording=wording)

    def immutable_differences(self) -> list[str]:
        """Return the properties that would have to change, and cannot."""
        create_only = self._rule.create_only
        return sorted(self._differing & create_only) if create_only else []

    def written_part(self, *, with_assignments: bool) -> PolicyContent:
        """Return the part of what is wanted that would be sent, by whole properties; {} for nothing."""
        sent = _update_body(
            self._policy_type,
            self._rule,
            self.want["body"],
            self._differing - self._rule.parts.keys() - self._rule.create_only,
        )
        is_assigned = with_assignments and bool(_assignment_requests(self._rule, "", self.live, self.want))
        names = _sent_names(sent) | (self._differing & self._rule.parts.keys())
        return _part_of(self.want, names, is_assigned=is_assigned)

    @cached_property
    def _attainable_body(self) -> Object:
        return limit_to_attainable(self._policy_type.key, self.want["body"], self.live["body"]).body

    @cached_property
    def _attainable(self) -> _ComparedBodies:
        return self._compared_with(self._attainable_body)

    @cached_property
    def _differing(self) -> set[str]:
        if self._attainable_body is self.want["body"]:
            return self._attainable.differing
        return self._compared_with(self.want["body"]).differing

    def _compared_with(self, want: Object) -> _ComparedBodies:
        return _compare_bodies(self._policy_type, self.live["body"], want, may_lack_secrets=self._may_lack_secrets)


def remaining_differences(
    policy_type: PolicyType,
    live: PolicyContent,
    want: PolicyContent,
    *,
    with_assignments: bool,
    names: NamesById = NO_NAMES,
    wording: Wording = NO_WORDS,
) -> list[Difference]:
    """Return the differences that are left, as a reader sees them (Comparison.remaining_differences)."""
    return Comparison(policy_type, live, want).differences_in_words(with_assignments, names, wording)
