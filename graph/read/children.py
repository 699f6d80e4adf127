"""Children of a policy that neither its own GET nor a list below it gives: behind casts, actions, other objects.

The sources of what is asked here:
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
from graph.policy_types import enrollment
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
    """Add to `body` the children that the table of policy types cannot name.

    `may_lack`: nothing is tried again, so an answer that fails for now costs that child alone.
    """
    for read in _READERS.get(policy_type.key, ()):
        yield from read(item, body, proof)
    if enrollment.has_device_group(policy_type.key, body):
        yield from _add_device_groups(item, body, proof, may_lack)
    for read_child in _WITHHOLDING_READERS.get(policy_type.key, ()):
        yield from read_child(item, body, proof, may_lack)
    yield from _add_links(policy_type, item, body, proof)


def _add_links(policy_type: PolicyType, item: str, body: Body, proof: Proof) -> RequestSteps[None]:
    """Add the objects that the policy links to.

    Only a 404 says that there is none; after any other refusal nothing is known, and the policy is incomplete.
    """
    links = navigations.subtype_links(policy_type.key, body.get("@odata.type"))
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
    """Return the linked object, or the list of them, by id and name; None for none: Graph answers 404 (seen by
    exporters).
    """
    if isinstance(answer.error, NotFound):
        return None
    body = answer.require_body()
    if isinstance(body.get("value"), list):
        return [_link_facts(item) for item in (yield from follow_pages(body))]
    return _link_facts(body)


def _link_facts(item: Body) -> Body:
    return {key: item[key] for key in ("id", "displayName", "@odata.type") if key in item}


def _body_or_withheld(answer: Answer, proof: Proof, where: str, may_lack: bool) -> Body | None:
    """Return the answer's body; None where Graph refuses it, which the proof then says.

    Raises the error that another try may mend.
    """
    error = answer.error
    if isinstance(error, Rejected) or (may_lack and isinstance(error, Unavailable)):
        proof.withhold(where, f"Microsoft Graph did not show it: {error.sentence}")
        return None
    return answer.require_body()


# --- enrollment notifications ----------------------------------------------------------------------------------------


def _add_notification_messages(item: str, body: Body, proof: Proof, may_lack: bool) -> RequestSteps[None]:
    templates = list(enrollment.notification_templates(body))
    if not templates:
        return
    answers = yield [
        paths.join("/deviceManagement/notificationMessageTemplates", template)
        + "?$expand=localizedNotificationMessages"
        for _, template in templates
    ]
    messages = []
    for (kind, template), answer in zip(templates, answers, strict=True):
        template_body = _body_or_withheld(answer, proof, f"The messages of its {kind} template", may_lack)
        if template_body is not None:
            whole = dict(template_body)
            yield from follow_inline_pages(whole, proof)
            messages.append({"kind": kind, "id": template, **{name: whole.get(name) for name in _TEMPLATE_PROPERTIES}})
    body[enrollment.MESSAGES] = messages


# Its name, its scope tags and its default locale are the service's own, or follow from these.
_TEMPLATE_PROPERTIES = ("brandingOptions", "localizedNotificationMessages")


# --- enrollment-time policies ----------------------------------------------------------------------------------------


def _add_device_groups(item: str, body: Body, proof: Proof, may_lack: bool) -> RequestSteps[None]:
    [answer] = yield [f"{item}/retrieveEnrollmentTimeDeviceMembershipTarget"]
    reply = _body_or_withheld(answer, proof, "The device group that devices join while they enroll", may_lack)
    if reply is not None:
        statuses = enrollment.get_list(reply, "enrollmentTimeDeviceMembershipTargetValidationStatuses")
        body[enrollment.DEVICE_GROUPS] = [
            {"targetType": "staticSecurityGroup", "targetId": status.get("targetId")}
            for status in statuses
            if isinstance(status, dict) and status.get("targetId")
        ]


_DEFAULTS = ",".join(f"default{platform}EnrollmentProfile" for platform in ("Ios", "MacOs", "TvOS", "VisionOS"))


def _add_default_flag(item: str, body: Body, proof: Proof, may_lack: bool) -> RequestSteps[None]:
    """Add whether the policy is its token's default: such an id ends in token and policy, and may begin with ECV2_."""
    token = enrollment.enrollment_token(body)
    if not token:
        return
    [answer] = yield [paths.join("/deviceManagement/depOnboardingSettings", token) + f"?$expand={_DEFAULTS}"]
    token_body = _body_or_withheld(answer, proof, "Whether it is the default profile of its Apple token", may_lack)
    if token_body is not None:
        defaults = [token_body[name] for name in _DEFAULTS.split(",") if isinstance(token_body.get(name), dict)]
        body[enrollment.IS_DEFAULT] = any(
            str(profile.get("id")).endswith(f"{token}_{body.get('id')}") for profile in defaults
        )


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
    """Drop relationships of other apps to this one, and of its own ones the other app's counts and versions."""
    all_links = body["relationships"]
    own = [link for link in all_links if isinstance(link, dict) and link.get("targetType") != "parent"]
    body["relationships"] = [{name: link[name] for name in _RELATIONSHIP_PROPERTIES if name in link} for link in own]
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
