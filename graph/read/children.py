"""The children of a policy that neither its own GET nor a list below it gives: behind casts, actions, other objects.

Which there are, and where that is known from:
- what a policy refers to by navigation alone: Microsoft's model, per exact subtype (graph/references/navigations.py).
- the messages of an enrollment notification, in message templates that the service makes for it and no page lists:
  deploymenttheory/terraform-provider-microsoft365, device_enrollment_notification (its captured requests).
- the device group of an enrollment-time policy, which an action shows: the same, windows_autopilot_device_preparation.
  Microsoft's model has that action as a POST; live, the service takes a GET, and answers 400 to the POST.
- the default profile of an Apple token: the same, ios_device_enrollment_policy and macos_device_enrollment_policy.
A child that may not be read is named in the backup; it costs itself, and not the policy.
"""

from collections.abc import Callable, Mapping
from typing import Any

from graph.errors import Incomplete, NotFound, Rejected, Unavailable
from graph.policy_types.enrollment import (
    DEVICE_GROUPS,
    IS_DEFAULT,
    MESSAGES,
    has_device_group,
    listed,
    templates_of,
    token_of,
)
from graph.policy_types.policy_type import PolicyType
from graph.read.details import add_images, add_presentations, add_privacy_controls, reveal_oma_secrets
from graph.read.paging import follow_inline_pages, follow_pages
from graph.read.proof import Proof
from graph.references import navigations
from graph.transport import paths
from graph.transport.batch_driver import RequestSteps
from graph.transport.client import Answer

Body = dict[str, Any]


def add_children(
    policy_type: PolicyType, item: str, body: Body, proof: Proof, *, may_lack: bool = False
) -> RequestSteps[None]:
    """The few policy types that need more than the table can say. With `may_lack`, there will be no other try."""
    for read in _READERS.get(policy_type.key, ()):
        yield from read(item, body, proof)
    if has_device_group(policy_type.key, body):
        yield from _add_device_groups(item, body, proof, may_lack)
    for read_child in _WITHHOLDING_READERS.get(policy_type.key, ()):
        yield from read_child(item, body, proof, may_lack)
    yield from _add_links(policy_type, item, body, proof)


def _add_links(policy_type: PolicyType, item: str, body: Body, proof: Proof) -> RequestSteps[None]:
    """Only a 404 says that there is none; any other refusal says that we ask wrongly, and that nothing is known."""
    links = navigations.links(policy_type.key, body.get("@odata.type"))
    if not links:
        return
    cast = str(body["@odata.type"]).removeprefix("#")
    answers = yield [f"{item}/{cast}/{link.name}?$select=id,displayName" for link in links]
    for link, answer in zip(links, answers, strict=True):
        is_refused = isinstance(answer.error, Rejected) and not isinstance(answer.error, NotFound)
        if is_refused and not link.is_untried:
            raise Incomplete("incomplete", f"Microsoft Graph did not show {link.name}: {answer.error}")
        if is_refused:
            proof.withhold(link.name, f"Microsoft Graph did not show it: {answer.error}")
        else:
            body[link.name] = yield from _linked_objects(answer)


def _linked_objects(answer: Answer) -> RequestSteps[Any]:
    """The one or the several, by id and name; None where there is none: Graph answers 404 (seen by exporters)."""
    if isinstance(answer.error, NotFound):
        return None
    found = answer.require_body()
    if isinstance(found.get("value"), list):
        return [_link_facts(one) for one in (yield from follow_pages(found))]
    return _link_facts(found)


def _link_facts(one: Body) -> Body:
    return {key: one[key] for key in ("id", "displayName", "@odata.type") if key in one}


def _body_or_withheld(answer: Answer, proof: Proof, where: str, may_lack: bool) -> Body | None:
    """None where it is not to be had; the proof says so. Raises the error that another try may mend."""
    error = answer.error
    if isinstance(error, Rejected) or (may_lack and isinstance(error, Unavailable)):
        proof.withhold(where, f"Microsoft Graph did not show it: {error.sentence}")
        return None
    return answer.require_body()


# --- enrollment notifications ----------------------------------------------------------------------------------------


def _add_notification_messages(item: str, body: Body, proof: Proof, may_lack: bool) -> RequestSteps[None]:
    found = list(templates_of(body))
    if not found:
        return
    answers = yield [
        paths.join("/deviceManagement/notificationMessageTemplates", template)
        + "?$expand=localizedNotificationMessages"
        for _, template in found
    ]
    shown = []
    for (kind, template), answer in zip(found, answers, strict=True):
        found_body = _body_or_withheld(answer, proof, f"The messages of its {kind} template", may_lack)
        if found_body is not None:
            whole = dict(found_body)
            yield from follow_inline_pages(whole, proof)
            shown.append({"kind": kind, "id": template, **{name: whole.get(name) for name in _TEMPLATE_PROPERTIES}})
    body[MESSAGES] = shown


# Its name, its scope tags and its default locale are the service's own, or follow from these.
_TEMPLATE_PROPERTIES = ("brandingOptions", "localizedNotificationMessages")


# --- enrollment-time policies ----------------------------------------------------------------------------------------


def _add_device_groups(item: str, body: Body, proof: Proof, may_lack: bool) -> RequestSteps[None]:
    [answer] = yield [f"{item}/retrieveEnrollmentTimeDeviceMembershipTarget"]
    found = _body_or_withheld(answer, proof, "The device group that devices join while they enroll", may_lack)
    if found is not None:
        statuses = listed(found, "enrollmentTimeDeviceMembershipTargetValidationStatuses")
        body[DEVICE_GROUPS] = [
            {"targetType": "staticSecurityGroup", "targetId": one.get("targetId")}
            for one in statuses
            if isinstance(one, dict) and one.get("targetId")
        ]


_DEFAULTS = ",".join(f"default{platform}EnrollmentProfile" for platform in ("Ios", "MacOs", "TvOS", "VisionOS"))


def _add_default_flag(item: str, body: Body, proof: Proof, may_lack: bool) -> RequestSteps[None]:
    """An id of a default ends in token and policy, and may begin with ECV2_."""
    token = token_of(body)
    if not token:
        return
    [answer] = yield [paths.join("/deviceManagement/depOnboardingSettings", token) + f"?$expand={_DEFAULTS}"]
    found = _body_or_withheld(answer, proof, "Whether it is the default profile of its Apple token", may_lack)
    if found is not None:
        defaults = [found[name] for name in _DEFAULTS.split(",") if isinstance(found.get(name), dict)]
        body[IS_DEFAULT] = any(str(one.get("id")).endswith(f"{token}_{body.get('id')}") for one in defaults)


_RELATIONSHIP_PROPERTIES = (
    "@odata.type",
    "id",
    "targetId",
    "targetType",
    "targetDisplayName",
    "dependencyType",
    "supersedenceType",
)


def _keep_own_relationships(item: str, body: Body, proof: Proof) -> RequestSteps[None]:
    """Those of other apps to this one are the others'. Of its own, counts and versions are the other app's."""
    listed = body["relationships"]
    own = [one for one in listed if isinstance(one, dict) and one.get("targetType") != "parent"]
    body["relationships"] = [{name: one[name] for name in _RELATIONSHIP_PROPERTIES if name in one} for one in own]
    yield from ()


_READERS: Mapping[str, tuple[Callable[[str, Body, Proof], RequestSteps[None]], ...]] = {
    "groupPolicyConfigurations": (add_presentations,),
    "deviceConfigurations": (reveal_oma_secrets, add_privacy_controls),
    "intuneBrandingProfiles": (add_images,),
    "mobileApps": (_keep_own_relationships,),
}
_WITHHOLDING_READERS: Mapping[str, tuple[Callable[[str, Body, Proof, bool], RequestSteps[None]], ...]] = {
    "configurationPolicies": (_add_default_flag,),
    "deviceEnrollmentConfigurations": (_add_notification_messages,),
}
