"""The part of a wanted body that a target tenant can have, with notes on the rest.

One function decides both, so that nothing is left out unnamed, and nothing is named that is restored all the same.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graph.policy_types.driver_approvals import INVENTORY, decided_drivers, driver_label, driver_of, inventory_entries
from graph.policy_types.enrollment import (
    DEVICE_GROUPS,
    IS_DEFAULT,
    MESSAGES,
    enrollment_token,
    get_list,
    has_device_group,
    notification_templates,
)
from graph.write.actions import lacks_block_action

Object = dict[str, Any]


@dataclass(frozen=True)
class AttainableBody:
    """A body that the target can have; `notes` say in a sentence each what it lacks."""

    body: Object
    notes: tuple[str, ...] = ()


def limit_to_attainable(policy_type: str, want: Object, live: Object | None) -> AttainableBody:
    """Return the attainable part of `want`. `live`: the tenant's body; None when the policy is yet to be created."""
    notes: list[str] = []
    if has_device_group(policy_type, want):
        limited = _limit_device_group(want, live)
        want, notes = limited.body, [*limited.notes]
    for limit in _LIMITS.get(policy_type, ()):
        limited = limit(want, live)
        want, notes = limited.body, [*notes, *limited.notes]
    return AttainableBody(want, tuple(notes))


def _keep_live(name: str, want: Object, live: Object | None, *notes: str) -> AttainableBody:
    """Leave the property `name` as the tenant has it."""
    body = {key: value for key, value in want.items() if key != name}
    return AttainableBody(body | ({name: live[name]} if live and name in live else {}), notes)


# --- driver updates --------------------------------------------------------------------------------------------------


def _limit_driver_decisions(want: Object, live: Object | None) -> AttainableBody:
    """Keep decisions on drivers that the tenant lists; no decision can be taken back."""
    if INVENTORY not in want:
        return AttainableBody(want, _unknown_decisions_notes(want, live))
    decisions = {driver_of(entry): entry for entry in decided_drivers(want)}
    listed_drivers = {driver_of(entry) for entry in inventory_entries(live or {})}
    theirs = [entry for entry in decided_drivers(live or {}) if driver_of(entry) not in decisions]
    possible = [entry for driver, entry in decisions.items() if driver in listed_drivers]
    missing = [driver_label(driver) for driver in decisions if driver not in listed_drivers]
    notes = []
    if missing:
        notes.append(
            f"Not applied: what was decided on {_quoted_names(missing)}, which devices have not reported to this "
            "profile yet. Restore it again once they have."
        )
    if theirs:
        notes.append(
            f"{_quoted_names([driver_label(driver_of(entry)) for entry in theirs])}: decided on in the tenant since, "
            "and Graph takes no decision back."
        )
    return AttainableBody({**want, INVENTORY: [*possible, *theirs]}, tuple(notes))


def _unknown_decisions_notes(want: Object, live: Object | None) -> tuple[str, ...]:
    if want.get("approvalType") != "manual" or live is not None:
        return ()
    return ("The backup does not hold which drivers were approved or declined: decide on them again in Intune.",)


def _limit_quality_updates(want: Object, live: Object | None) -> AttainableBody:
    """Note that approvals by hand are not backed up: only a function shows them, asked for each update by its id."""
    methods = [
        setting.get("approvalMethodType") for setting in get_list(want, "approvalSettings") if isinstance(setting, dict)
    ]
    if "manual" not in methods or live is not None:
        return AttainableBody(want)
    return AttainableBody(
        want, ("Which updates were approved by hand is not backed up: approve them again in Intune.",)
    )


def _quoted_names(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(f"“{name}”" for name in names[:3]) + more


# --- compliance ------------------------------------------------------------------------------------------------------


def _limit_compliance_actions(want: Object, live: Object | None) -> AttainableBody:
    """Leave the tenant's actions where the backup has none that marks the device: Graph takes no such policy."""
    return (
        _keep_live("scheduledActionsForRule", want, live) if live and lacks_block_action(want) else AttainableBody(want)
    )


# --- enrollment ------------------------------------------------------------------------------------------------------


def _limit_device_group(want: Object, live: Object | None) -> AttainableBody:
    """Leave the device group: app-only tokens get a 500 for setting it in any form, while a person who is signed in
    may set it (deploymenttheory/terraform-provider-microsoft365, windows_autopilot_device_preparation; live, 2026).
    """
    if DEVICE_GROUPS not in want:
        return AttainableBody(want, () if live else (_NO_GROUP_KNOWN,))
    backup_groups, live_groups = (_device_group_ids(body) for body in (want, live or {}))
    note = f"Set its device group {', '.join(sorted(backup_groups)) or '(none)'} by hand in Intune: {_REFUSED}"
    return _keep_live(DEVICE_GROUPS, want, live, *([note] if backup_groups != live_groups else []))


_REFUSED = "Microsoft Graph lets no app set the group that devices join while they enroll."
_NO_GROUP_KNOWN = "The backup does not hold the group that devices join while they enroll: set it by hand in Intune."


def _device_group_ids(body: Object) -> set[str]:
    return {str(group.get("targetId")) for group in get_list(body, DEVICE_GROUPS) if isinstance(group, dict)}


def _limit_default(name: str) -> Callable[[Object, Object | None], AttainableBody]:
    def limit(want: Object, live: Object | None) -> AttainableBody:
        if want.get(name) or not (live or {}).get(name):
            return AttainableBody(want)
        return _keep_live(name, want, live, "It is its token's default profile now, and stays it until another one is.")

    return limit


def _limit_token_default(want: Object, live: Object | None) -> AttainableBody:
    """Leave the mark of a default profile where the target's policy is under no token."""
    if want.get(IS_DEFAULT) and live is not None and not enrollment_token(live):
        return _keep_live(
            IS_DEFAULT, want, live, "It is under no Apple token here, and so cannot be its default profile."
        )
    return AttainableBody(want)


def _limit_messages(want: Object, live: Object | None) -> AttainableBody:
    """Leave the messages of a kind that the backup does not hold, because they could not be read."""
    known = {message.get("kind") for message in get_list(want, MESSAGES)}
    missing = [kind for kind, _ in notification_templates(want) if kind not in known]
    if missing and live is not None and MESSAGES in want:
        theirs = [
            message
            for message in get_list(live, MESSAGES)
            if isinstance(message, dict) and message.get("kind") in missing
        ]
        return AttainableBody({**want, MESSAGES: [*get_list(want, MESSAGES), *theirs]})
    if not missing or live is not None:
        return AttainableBody(want)
    note = f"The backup does not hold its {' and '.join(missing)} messages: enter them again in Intune."
    return AttainableBody(want, (note,))


_LIMITS: Mapping[str, tuple[Callable[[Object, Object | None], AttainableBody], ...]] = {
    "windowsDriverUpdateProfiles": (_limit_driver_decisions,),
    "windowsQualityUpdatePolicies": (_limit_quality_updates,),
    "compliancePolicies": (_limit_compliance_actions,),
    "deviceCompliancePolicies": (_limit_compliance_actions,),
    "configurationPolicies": (_limit_default(IS_DEFAULT), _limit_token_default),
    "depOnboardingSettings": (_limit_default("isDefault"),),
    "deviceEnrollmentConfigurations": (_limit_messages,),
}
