"""Settings catalog policies of enrollment: their source, their order, their device group, and a token's default.

deploymenttheory/terraform-provider-microsoft365: ios_device_enrollment_policy, macos_device_enrollment_policy and
windows_autopilot_device_preparation (their docs and live findings); KelvinTegelaar/CIPP#3744; Microsoft's model.
"""

from graph.simulator.features.references import refuse_missing
from graph.simulator.model.collections import DM
from graph.simulator.model.odata import Object
from graph.simulator.model.replies import Refused, Reply, bad_request, error, no_route, not_found
from graph.simulator.store.state import Tenant
from graph.simulator.store.write_request import Call, objects

PATH = f"{DM}/configurationPolicies"
# Whose devices may join a group while they enroll (Microsoft's model: retrieveEnrollmentTimeDeviceMembershipTarget).
JOINING = (PATH, f"{DM}/androidDeviceOwnerEnrollmentProfiles")
TOKENS = f"{DM}/depOnboardingSettings"
# No property of a policy: kept aside, by the policy's id.
DEVICE_GROUPS = "enrollmentTimeDeviceMembershipTargets"
_SOURCE = "DepTokenId_"
_PLATFORMS = {"iOS": "Ios", "macOS": "MacOs", "tvOS": "TvOS", "visionOS": "VisionOS"}
DEFAULTS = {platform: f"default{name}EnrollmentProfile" for platform, name in _PLATFORMS.items()}


def is_of_enrollment(item: Object) -> bool:
    return "enrollment" in str(item.get("technologies"))


def refuse_source(call: Call, item: Object) -> None:
    if call.method == "PUT" and (call.body.get("creationSource") or None) != (item.get("creationSource") or None):
        raise bad_request("Platform, PolicyType, and CreationSource cannot be changed once created.")


def start_policy(call: Call, item: Object) -> None:
    source = str(call.body.get("creationSource") or "")
    if source.startswith(_SOURCE):
        if call.tenant.held(TOKENS, source.removeprefix(_SOURCE)) is None:
            raise bad_request(f"The enrollment token of {source} was not found.")
        item["creationSource"] = source
    if is_of_enrollment(item):
        last = max((policy["priorityMetaData"]["priority"] for policy in _ordered(call.tenant)), default=0)
        item["priorityMetaData"] = {"priority": last + 1}


def _ordered(tenant: Tenant) -> list[Object]:
    items = tenant.collections.get(PATH, {}).values()
    ordered = [policy for policy in items if (policy.get("priorityMetaData") or {}).get("priority")]
    return sorted(ordered, key=lambda one: one["priorityMetaData"]["priority"])


def reorder(call: Call) -> None:
    item, priority = call.draft(), call.body.get("priority")
    if not is_of_enrollment(item) or not isinstance(priority, int) or not 1 <= priority <= 500:
        raise bad_request("Only policies of enrollment are ordered, by a priority of 1 to 500.")
    close_gap(call.tenant, item)
    place = priority
    for policy in _ordered(call.tenant):
        if policy["id"] != item["id"] and policy["priorityMetaData"]["priority"] == place:
            place += 1
            call.tenant.put(PATH, {**policy, "priorityMetaData": {"priority": place}})
    call.keep({**item, "priorityMetaData": {"priority": priority}})


def close_gap(tenant: Tenant, item: Object) -> None:
    """Move up those behind a policy that leaves."""
    left = (item.get("priorityMetaData") or {}).get("priority")
    for policy in _ordered(tenant) if left else ():
        priority = policy["priorityMetaData"]["priority"]
        if policy["id"] != item["id"] and priority > left:
            tenant.put(PATH, {**policy, "priorityMetaData": {"priority": priority - 1}})


def device_groups(tenant: Tenant, item: Object) -> Reply:
    """Microsoft's model has a POST; live, it is a GET."""
    held = tenant.held(DEVICE_GROUPS, item["id"]) or {}
    targets = [{"targetId": target["targetId"], "targetValidationErrorCode": "unknown"}
             for target in held.get("targets") or ()]  # fmt: skip
    return Reply(200, {"validationSucceeded": True, "enrollmentTimeDeviceMembershipTargetValidationStatuses": targets})


def set_device_groups(call: Call) -> Object | None:
    """A person who is signed in may; no app may, in whatever form it asks."""
    refuse_missing(call, call.body)
    raise Refused(error(500, "InternalServerError", "An internal server error has occurred"))


def default_profile(call: Call) -> Reply:
    """…/enrollmentProfiles/{profile}/setDefaultProfile; a profile of the settings catalog is "{token}_{policy}"."""
    if call.method != "POST" or call.rest[3:] != ["setDefaultProfile"]:
        raise Refused(no_route("/".join(call.rest)))
    token, profile = call.draft(), call.rest[2]
    policy = call.tenant.held(PATH, profile.removeprefix(f"{token['id']}_"))
    if policy is not None:
        call.keep({**token, DEFAULTS[str(policy.get("platforms"))]: {"id": profile}})
        return Reply(204)
    profiles = objects(token.get("enrollmentProfiles"))
    chosen = next((candidate for candidate in profiles if candidate["id"] == profile), None)
    if chosen is None:
        raise Refused(not_found(profile))
    for candidate in profiles:
        if candidate.get("@odata.type") == chosen.get("@odata.type"):
            candidate["isDefault"] = candidate is chosen
    call.keep(token)
    return Reply(204)
