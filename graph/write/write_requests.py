"""What to send to Graph so that a policy becomes what a backup holds. Pure: nothing here is sent.

A create is one POST; all else follows from comparing what is there with what is wanted, whether it was just created,
was changed by somebody, or was left half written by a crash. Only what differs is written.
"""

import copy
from typing import Any

from graph.content.normalise import normalise, normalise_assignments
from graph.content.places import root_type
from graph.content.secrets import comparable, is_held, secrets_of, settle
from graph.content.service_made import is_service_made_outermost
from graph.display.diff import NOBODY, Difference, compare
from graph.display.labels import Names
from graph.microsoft import model
from graph.policy_types.enrollment import NEVER_SENT, token_of
from graph.policy_types.policy_type import PolicyType
from graph.policy_types.write_rule import BY_UPDATE, ONE_BY_ONE, Object, WriteRule
from graph.transport import paths
from graph.transport.client import Request
from graph.write import additions
from graph.write.actions import pick, post
from graph.write.attainable import limit_to_attainable
from graph.write.write_rules import WRITE_RULES

PolicyContent = dict[str, Any]


def item_path(policy_type: PolicyType, graph_id: str) -> str:
    """Apple's enrollment profiles live below a token: their id is "{token}/{profile}"."""
    token, _, profile = graph_id.partition("/")
    return paths.join(policy_type.item(token), "enrollmentProfiles", profile) if profile else policy_type.item(graph_id)


def chosen_id(policy_type: PolicyType, content: PolicyContent) -> str:
    """The id that a create names itself: whatever has it would be written over. "" where Graph gives one."""
    return str(content["body"].get("id") or "") if WRITE_RULES[policy_type.key].names_itself else ""


def creation_request(policy_type: PolicyType, want: PolicyContent, token: str = "") -> Request:
    """The POST that makes the policy, below a token where it lives below one; what it does not take follows."""
    rule, body = WRITE_RULES[policy_type.key], copy.deepcopy(settle(policy_type, want["body"]).body)
    if rule.create:
        return rule.create(policy_type.path, body)
    if rule.names_itself:
        return Request(policy_type.item(chosen_id(policy_type, want)), "PATCH", _shaped(policy_type, rule, body))
    sent = _shaped(policy_type, rule, body)
    later = rule.parts.keys() - rule.posted
    sent = {name: value for name, value in sent.items() if name not in later} | _creation_source(rule, want["body"])
    if rule.first:
        sent = {name: value for name, value in sent.items() if name in rule.first}
    path = f"{policy_type.item(token)}/enrollmentProfiles" if token else policy_type.path
    return post(path, sent)


def _creation_source(rule: WriteRule, body: Object) -> Object:
    """deploymenttheory/terraform-provider-microsoft365, ios_device_enrollment_policy: sent when creating, too."""
    is_sent = "creationSource" in rule.echoed and token_of(body)
    return {"creationSource": body["creationSource"]} if is_sent else {}


def is_all_secret(policy_type: PolicyType, body: Object) -> bool:
    """Nothing is left of its settings, or of its one setting, once its secrets are left out."""
    left = settle(policy_type, body).body
    return any(body.get(name) and not left.get(name) for name in ("settings", "settingInstance"))


def created_id(policy_type: PolicyType, want: PolicyContent, answer: Object, token: str = "") -> str:
    """Below a token, both name it. Where who makes one says its id, the answer may be empty."""
    made = chosen_id(policy_type, want) or str(answer.get("id") or "")
    return f"{token}/{made}" if token else made


def change_requests(
    policy_type: PolicyType, graph_id: str, live: PolicyContent, want: PolicyContent, *, with_assignments: bool
) -> list[Request]:
    """The writes, in their order, that make `live` into `want`; none when they are the same."""
    path, rule = item_path(policy_type, graph_id), WRITE_RULES[policy_type.key]
    wanted = limit_to_attainable(policy_type.key, want["body"], live["body"]).body
    requests = [*_body_requests(policy_type, rule, path, live["body"], wanted)]
    if with_assignments:
        requests += _assignment_requests(rule, path, live, want)
    return requests


def written_part(
    policy_type: PolicyType, live: PolicyContent | None, want: PolicyContent, *, with_assignments: bool
) -> PolicyContent:
    """The part of `want` that would be sent, by whole properties; {} where nothing would. `live` None: to make it."""
    rule, body = WRITE_RULES[policy_type.key], want["body"]
    if live is None:
        names = {*_sent_names(_shaped(policy_type, rule, copy.deepcopy(body))), *rule.parts}
    else:
        names = _changed_names(policy_type, rule, live["body"], body)
    kept = {name: value for name, value in body.items() if name in names or name == "@odata.type"}
    part: PolicyContent = {"body": kept} if names else {}
    now = live or {"assignments": []}
    if with_assignments and _assignment_requests(rule, "", now, want):
        part["assignments"] = want["assignments"]
    return part


def _changed_names(policy_type: PolicyType, rule: WriteRule, live: Object, want: Object) -> set[str]:
    differing = differing_properties(policy_type, live, want)
    sent = _sent_names(_update_body(policy_type, rule, want, differing - rule.parts.keys() - rule.fixed))
    return sent | (differing & rule.parts.keys())


def _sent_names(sent: Object) -> set[str]:
    """A bind stands for the property of its name."""
    return {name.split("@odata.bind")[0] for name in sent}


def _body_requests(policy_type: PolicyType, rule: WriteRule, path: str, live: Object, want: Object) -> list[Request]:
    differing = differing_properties(policy_type, live, want)
    if not differing:
        return []
    # A secret stays as it is in the tenant: its own token goes back. One that is not there cannot be written.
    want = settle(policy_type, want, live).body
    calls = _update_requests(policy_type, rule, path, live, want, differing - rule.parts.keys() - rule.fixed)
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
    """What an update would send of the body itself: what differs, or the whole; {} where nothing of it differs."""
    sent = _shaped(policy_type, rule, copy.deepcopy(want))
    sent = {name: value for name, value in sent.items() if name not in rule.parts}
    changed = {name: value for name, value in sent.items() if name.split("@")[0] in differing}
    return sent if changed and rule.update == "PUT" else changed


def _put_body(policy_type: PolicyType, rule: WriteRule, live: Object, sent: Object) -> Object:
    """What a PUT replaces all by: the tenant's own body, with what is wanted put over it.

    So what the backup knows nothing of stays, and so does what cannot change, in the tenant's own spelling.
    """
    theirs = _shaped(policy_type, rule, copy.deepcopy(live))
    kept = {name: value for name, value in theirs.items() if name not in rule.parts}
    wanted = {name: value for name, value in sent.items() if name not in rule.fixed or name not in kept}
    return kept | wanted | {name: live[name] for name in rule.echoed if live.get(name)}


def _held_secrets(policy_type: PolicyType, want: Object) -> Object:
    """Nobody can see whether they differ: they go along with whatever does."""
    known = secrets_of(want, root_type(policy_type))
    return {name: want[name] for name, secret in known.items() if is_held(want.get(name), secret)}


def differing_properties(policy_type: PolicyType, live: Object, want: Object) -> set[str]:
    """Top-level properties that are not the same; what the backup does not know is left as it is."""
    want = comparable(policy_type, want, live)
    live = additions.without_additions(policy_type, live, want)
    now, then = (normalise(policy_type, {"body": body})["body"] for body in (live, want))
    return {name for name in want if now.get(name) != then.get(name)}


def immutable_differences(policy_type: PolicyType, live: PolicyContent, want: PolicyContent) -> list[str]:
    """What would have to change, and cannot."""
    fixed = WRITE_RULES[policy_type.key].fixed
    return sorted(differing_properties(policy_type, live["body"], want["body"]) & fixed) if fixed else []


def _shaped(policy_type: PolicyType, rule: WriteRule, body: Object) -> Object:
    rule.shape(body)
    sent = sendable_properties(policy_type, body)
    return _type_annotation(rule, body) | sent | _default_tag(sent)


def sendable_properties(policy_type: PolicyType, body: Object) -> Object:
    """The properties of a body that are ever sent."""
    actual = model.type_of(body, root_type(policy_type))
    dropped = policy_type.volatile | WRITE_RULES[policy_type.key].drop | NEVER_SENT
    dropped |= {"id", "assignments", "@odata.type"}
    return {
        name: value
        for name, value in body.items()
        if name not in dropped and not is_service_made_outermost(actual, name)
    }


def _default_tag(sent: Object) -> Object:
    """No scope tag, spelt null or [], is the built-in one: exporters send that and no null (Micke-K/IntuneManagement:
    Set-ScopeTags; deploymenttheory/terraform-provider-microsoft365: the default of every resource).
    """
    return {name: ["0"] for name in ("roleScopeTagIds", "roleScopeTags") if name in sent and not sent[name]}


def _type_annotation(rule: WriteRule, body: Object) -> Object:
    kind = body.get("@odata.type") or rule.odata_type
    return {"@odata.type": kind} if rule.typed and kind else {}


# --- assignments -----------------------------------------------------------------------------------------------------


def direct_assignments(assignments: Any) -> Any:
    """Those of the policy itself: what a policy set assigns comes and goes with the set."""
    if not isinstance(assignments, list):
        return assignments
    return [one for one in assignments if one.get("source") in (None, "direct")]


def _assignment_requests(rule: WriteRule, path: str, live: PolicyContent, want: PolicyContent) -> list[Request]:
    now, then = direct_assignments(live.get("assignments")), direct_assignments(want.get("assignments"))
    known = additions.assignments_without_additions(now, then)
    if not rule.assign or then is None or normalise_assignments(known) == normalise_assignments(then):
        return []
    sent = [_assignment_body(one, want["body"]) for one in then]
    if rule.assign == ONE_BY_ONE:
        return _requests_one_by_one(path, now or [], sent)
    if rule.assign == BY_UPDATE:
        return [post(f"{path}/update", {"assignments": sent})]
    cast = f"/{rule.assign_cast}" if rule.assign_cast else ""
    return [post(f"{path}{cast}/assign", {rule.assign: sent})]


def _requests_one_by_one(path: str, now: list[Object], then: list[Object]) -> list[Request]:
    there = {_target_key(one): one for one in now}
    wanted = {_target_key(one): one for one in then}
    gone = [Request(paths.join(path, "assignments", one["id"]), "DELETE") for key, one in there.items()
            if key not in wanted]  # fmt: skip
    return [*gone, *(post(f"{path}/assignments", one) for key, one in wanted.items() if key not in there)]


def _target_key(assignment: Object) -> str:
    return repr(normalise_assignments([{"target": assignment["target"]}]))


_TARGET = (
    "@odata.type", "groupId", "collectionId",
    # Of a Cloud PC: which size, and how many of it.
    "servicePlanId", "allotmentDisplayName", "allotmentLicensesCount",
)  # fmt: skip
_FILTER = ("deviceAndAppManagementAssignmentFilterId", "deviceAndAppManagementAssignmentFilterType")


def _assignment_body(assignment: Object, body: Object) -> Object:
    target = assignment.get("target") or {}
    kept = {name: target[name] for name in _TARGET if target.get(name)}
    if target.get(_FILTER[0]):
        kept |= {name: target[name] for name in _FILTER}
    sent: Object = {"target": kept, **pick(assignment, "intent", "settings")}
    if "intent" in assignment:
        sent["@odata.type"] = "#microsoft.graph.mobileAppAssignment"
    if assignment.get("runSchedule"):
        # Read back as false whatever was sent: it follows from whether there is a script to run.
        sent["runSchedule"] = assignment["runSchedule"]
        sent["runRemediationScript"] = bool(body.get("remediationScriptContent"))
    return sent


# --- removal ---------------------------------------------------------------------------------------------------------


def removal_requests(policy_type: PolicyType, graph_id: str, live: PolicyContent) -> list[Request]:
    """The writes that delete a policy: some must be let go of first. What every tenant has one of stays."""
    if policy_type.is_single:
        return []
    path = item_path(policy_type, graph_id)
    before: list[Request] = []
    if WRITE_RULES[policy_type.key].assign == ONE_BY_ONE:
        before = _requests_one_by_one(path, live.get("assignments") or [], [])
    if live["body"].get("isTrusted") is True and policy_type.key == "namedLocations":
        # A trusted location cannot be deleted.
        kept = pick(live["body"], "@odata.type", "displayName", "ipRanges")
        before = [Request(path, "PATCH", {**kept, "isTrusted": False})]
    return [*before, Request(path, "DELETE")]


# --- comparing -------------------------------------------------------------------------------------------------------


def remaining_differences(
    policy_type: PolicyType, live: PolicyContent, want: PolicyContent, *, with_assignments: bool, names: Names = NOBODY
) -> list[Difference]:
    """What still differs, as a reader sees it: before is live, after is what was wanted."""
    if live == want:  # as most of a preview's are: far cheaper to see than by looking at each value
        return []
    body = comparable(policy_type, limit_to_attainable(policy_type.key, want["body"], live["body"]).body, live["body"])
    then = {"body": body, "assignments": direct_assignments(want.get("assignments"))}
    if not with_assignments:
        then["assignments"] = direct_assignments(live.get("assignments"))
    now = {
        "body": additions.without_additions(policy_type, live["body"], body),
        "assignments": additions.assignments_without_additions(
            direct_assignments(live.get("assignments")), then["assignments"]
        ),
    }
    return compare(policy_type, now, then, names)
