"""What of a wanted body a target can have, and what the plan says of the rest before anything is written.

One function decides both, so that nothing is left out without being named, and nothing is named that comes back.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graph.policy_types.driver_approvals import INVENTORY, called, decided, driver_of, entries
from graph.policy_types.enrollment import (
    DEVICE_GROUPS,
    IS_DEFAULT,
    MESSAGES,
    has_device_group,
    listed,
    templates_of,
    token_of,
)
from graph.write.actions import lacks_block_action

Object = dict[str, Any]


@dataclass(frozen=True)
class Attainable:
    body: Object
    notes: tuple[str, ...] = ()


def limit_to_attainable(policy_type: str, want: Object, live: Object | None) -> Attainable:
    """`live`: the tenant's body; None when the policy is yet to be made."""
    notes: list[str] = []
    if has_device_group(policy_type, want):
        found = _limit_device_group(want, live)
        want, notes = found.body, [*found.notes]
    for limit in _LIMITS.get(policy_type, ()):
        found = limit(want, live)
        want, notes = found.body, [*notes, *found.notes]
    return Attainable(want, tuple(notes))


def _keep_live(name: str, want: Object, live: Object | None, *notes: str) -> Attainable:
    """It stays as the tenant has it."""
    body = {key: value for key, value in want.items() if key != name}
    return Attainable(body | ({name: live[name]} if live and name in live else {}), notes)


# --- driver updates --------------------------------------------------------------------------------------------------


def _limit_driver_decisions(want: Object, live: Object | None) -> Attainable:
    """A driver that the tenant does not list cannot be decided on, and no decision can be taken back."""
    if INVENTORY not in want:
        return Attainable(want, _unknown_decisions_notes(want, live))
    wanted = {driver_of(one): one for one in decided(want)}
    there = {driver_of(one) for one in entries(live or {})}
    theirs = [one for one in decided(live or {}) if driver_of(one) not in wanted]
    kept = [one for driver, one in wanted.items() if driver in there]
    missing = [called(driver) for driver in wanted if driver not in there]
    notes = []
    if missing:
        notes.append(
            f"What was decided on {_quoted_names(missing)} is not applied: devices have not reported "
            f"{'it' if len(missing) == 1 else 'them'} to this profile yet. Restore it again once they have."
        )
    if theirs:
        notes.append(
            f"{_quoted_names([called(driver_of(one)) for one in theirs])}: decided on in the tenant since, and Graph "
            "takes no decision back."
        )
    return Attainable({**want, INVENTORY: [*kept, *theirs]}, tuple(notes))


def _unknown_decisions_notes(want: Object, live: Object | None) -> tuple[str, ...]:
    if want.get("approvalType") != "manual" or live is not None:
        return ()
    return ("The backup does not hold which drivers were approved or declined: decide on them again in Intune.",)


def _limit_quality_updates(want: Object, live: Object | None) -> Attainable:
    """Which updates of Microsoft's catalogue were approved by hand only a function shows, asked for each by its id."""
    methods = [one.get("approvalMethodType") for one in listed(want, "approvalSettings") if isinstance(one, dict)]
    if "manual" not in methods or live is not None:
        return Attainable(want)
    return Attainable(want, ("Which updates were approved by hand is not backed up: approve them again in Intune.",))


def _quoted_names(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(f"“{one}”" for one in names[:3]) + more


# --- compliance ------------------------------------------------------------------------------------------------------


def _limit_compliance_actions(want: Object, live: Object | None) -> Attainable:
    """The service takes no policy without an action that marks the device: a backup that knows of none changes none."""
    return _keep_live("scheduledActionsForRule", want, live) if live and lacks_block_action(want) else Attainable(want)


# --- enrollment ------------------------------------------------------------------------------------------------------


def _limit_device_group(want: Object, live: Object | None) -> Attainable:
    """App-only tokens get a 500 for setting it in any form; a person who is signed in may
    (deploymenttheory/terraform-provider-microsoft365, windows_autopilot_device_preparation; live, 2026).
    """
    if DEVICE_GROUPS not in want:
        return Attainable(want, () if live else (_NO_GROUP_KNOWN,))
    wanted, theirs = (_device_group_ids(one) for one in (want, live or {}))
    note = f"Set its device group {', '.join(sorted(wanted)) or '(none)'} by hand in Intune: {_REFUSED}"
    return _keep_live(DEVICE_GROUPS, want, live, *([note] if wanted != theirs else []))


_REFUSED = "Microsoft Graph lets no app set the group that devices join while they enroll."
_NO_GROUP_KNOWN = "The backup does not hold the group that devices join while they enroll: set it by hand in Intune."


def _device_group_ids(body: Object) -> set[str]:
    return {str(one.get("targetId")) for one in listed(body, DEVICE_GROUPS) if isinstance(one, dict)}


def _limit_default(name: str) -> Callable[[Object, Object | None], Attainable]:
    def limit(want: Object, live: Object | None) -> Attainable:
        if want.get(name) or not (live or {}).get(name):
            return Attainable(want)
        return _keep_live(name, want, live, "It is its token's default profile now, and stays it until another one is.")

    return limit


def _limit_token_default(want: Object, live: Object | None) -> Attainable:
    """Only what is under a token can be its default."""
    if want.get(IS_DEFAULT) and live is not None and not token_of(live):
        return _keep_live(
            IS_DEFAULT, want, live, "It is under no Apple token here, and so cannot be its default profile."
        )
    return Attainable(want)


def _limit_messages(want: Object, live: Object | None) -> Attainable:
    """Those of a kind that may not have been read stay as they are."""
    known = {one.get("kind") for one in listed(want, MESSAGES)}
    missing = [kind for kind, _ in templates_of(want) if kind not in known]
    if missing and live is not None and MESSAGES in want:
        theirs = [one for one in listed(live, MESSAGES) if isinstance(one, dict) and one.get("kind") in missing]
        return Attainable({**want, MESSAGES: [*listed(want, MESSAGES), *theirs]})
    if not missing or live is not None:
        return Attainable(want)
    note = f"The backup does not hold its {' and '.join(missing)} messages: enter them again in Intune."
    return Attainable(want, (note,))


_LIMITS: Mapping[str, tuple[Callable[[Object, Object | None], Attainable], ...]] = {
    "windowsDriverUpdateProfiles": (_limit_driver_decisions,),
    "windowsQualityUpdatePolicies": (_limit_quality_updates,),
    "compliancePolicies": (_limit_compliance_actions,),
    "deviceCompliancePolicies": (_limit_compliance_actions,),
    "configurationPolicies": (_limit_default(IS_DEFAULT), _limit_token_default),
    "depOnboardingSettings": (_limit_default("isDefault"),),
    "deviceEnrollmentConfigurations": (_limit_messages,),
}
