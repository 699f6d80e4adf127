"""Refusing to delete the objects that the service does not let go."""

from graph.simulator.features import bins, enrollment, enrollment_notifications, enrollment_policies
from graph.simulator.features.references import FILTERS, LOCATIONS, STRENGTHS, assignments_using, references
from graph.simulator.model.collections import CA, DM
from graph.simulator.model.odata import Object
from graph.simulator.model.replies import Refused, bad_request, error
from graph.simulator.store.write_request import Call
from graph.simulator.writes.validation import is_built_in


def delete(call: Call) -> None:
    item = call.item()
    reason = _reason(call, item)
    if reason and call.path.startswith(CA):
        raise Refused(error(400, "BadRequest", reason))
    if reason:
        raise bad_request(reason)
    if call.path == enrollment_policies.PATH:
        enrollment_policies.close_gap(call.tenant, item)
    if call.path == enrollment.PATH:
        enrollment.close_gap(call.tenant, item)
        enrollment_notifications.remove_templates(call.tenant, item)
    del call.tenant.collections[call.path][call.rest[0]]
    bins.keep(call.tenant, call.path, item)
    call.tenant.arrivals.pop(f"{call.path}/{call.rest[0]}", None)


def _reason(call: Call, item: Object) -> str:
    if not call.rules.can_delete or is_built_in(item):
        return "A built-in object cannot be deleted."
    if call.path == enrollment.PATH and enrollment.is_default(item):
        return "A default enrollment configuration cannot be deleted."
    if call.path == f"{DM}/intuneBrandingProfiles" and item.get("isDefaultProfile"):
        return "The default branding profile cannot be deleted."
    if call.path == f"{DM}/windowsAutopilotDeploymentProfiles" and item.get("assignments"):
        return "The profile is assigned. Remove its assignments first."
    return _use(call, item)


def _use(call: Call, item: Object) -> str:
    if call.path == LOCATIONS and item.get("isTrusted"):
        return "1217: A trusted named location cannot be deleted."
    if call.path in {LOCATIONS, STRENGTHS} and _is_used_by_access(call, item):
        return "The object is referenced by a Conditional Access policy."
    if call.path == FILTERS and assignments_using(call.tenant, FILTERS, item["id"]):
        return "The assignment filter is in use."
    return ""


def _is_used_by_access(call: Call, item: Object) -> bool:
    policies = call.tenant.collections.get(f"{CA}/policies", {}).values()
    return any((call.path, item["id"]) in references(f"{CA}/policies", policy) for policy in policies)
