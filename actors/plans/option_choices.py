"""The options of a restore as a person chooses them: the words, what is proposed, and what a form may say."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from db.errors import Invalid
from graph.restore.options import (
    AS_CAPTURED,
    COPY,
    EMPTY_GROUPS,
    EXACT,
    GROUPS_WITH_MEMBERS,
    KEPT_GROUPS,
    LEAVE,
    MADE,
    MAKE_NEW,
    NO_GROUPS,
    NONE,
    OFF,
    REPORT_ONLY,
    SKIP,
    UNDELETE,
    UPDATE,
    RestoreOptions,
    complete_options,
    proposed_options,
)

BLOCK_MISSING, DROP_MISSING = "no", "yes"
# Field of the form -> (legend, {value: label}).
CHOICES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "conditional_access": (
        "Turn Conditional Access policies on?",
        {
            AS_CAPTURED: "As captured: on where the backup has them on",
            REPORT_ONLY: "Report-only: they protect nobody until somebody switches them on",
            OFF: "Off",
        },
    ),
    "assignments": (
        "Assignments",
        {
            MADE: "Keep current assignments (a re-created policy gets those of the backup)",
            LEAVE: "Keep current assignments (a re-created policy is assigned to nobody)",
            EXACT: "Restore exactly as captured",
            NONE: "Remove all assignments",
        },
    ),
    "existing": (
        "If the policy still exists",
        {UPDATE: "Overwrite it", SKIP: "Skip it", COPY: "Create a copy, with a prefix in its name"},
    ),
    "drop_missing": (
        "If the group of an assignment cannot be found",
        {BLOCK_MISSING: "Leave out the policy", DROP_MISSING: "Leave out that assignment alone"},
    ),
    "groups": (
        "Groups that no longer exist",
        {
            NO_GROUPS: "Do not create them: a policy that needs one is left out",
            KEPT_GROUPS: "Bring back those that Entra still keeps, with their id and members; create none",
            EMPTY_GROUPS: "Create them again, without members",
            GROUPS_WITH_MEMBERS: "Create them again, with the members of the backup",
        },
    ),
    "deleted": (
        "Deleted objects that Microsoft still keeps",
        {
            UNDELETE: "Bring them back with their id: what refers to them finds them again",
            MAKE_NEW: "Make new ones, with another id",
        },
    ),
}
LONGEST_PREFIX = 40


def proposed_fields(*, own_tenant: bool) -> dict[str, str]:
    """Return what a form proposes, as its fields have it."""
    return as_form_fields(asdict(proposed_options(own_tenant=own_tenant)))


def proposed_again(options: Mapping[str, Any], *, own_tenant: bool) -> dict[str, Any]:
    """Return the options of a restore for one of what it left: report-only is no proposal for its own tenant."""
    is_watched = own_tenant and options["conditional_access"] == REPORT_ONLY
    return {**options, "conditional_access": AS_CAPTURED} if is_watched else dict(options)


def as_form_fields(options: Mapping[str, Any]) -> dict[str, str]:
    """Return stored options as the form's fields have them."""
    return {
        "groups": NO_GROUPS,
        "deleted": MAKE_NEW,
        **options,
        "drop_missing": DROP_MISSING if options["drop_missing"] else BLOCK_MISSING,
    }


def parse_options(form: Mapping[str, str], *, own_tenant: bool) -> dict[str, Any]:
    """Parse a form's options; what it does not say is as proposed. Raises Invalid with what to choose.

    `own_tenant`: the restore is into the tenant that the policies are from.
    """
    chosen = {name: form[name] for name in CHOICES if form.get(name)}
    if any(value not in CHOICES[name][1] for name, value in chosen.items()):
        raise Invalid("Choose one of the options shown.")
    prefix = form.get("prefix", "").replace("\x00", "")[:LONGEST_PREFIX]
    is_copy = chosen.get("existing") == COPY
    if is_copy and not prefix.strip():
        raise Invalid("A copy needs a prefix, so that nobody takes it for the policy itself.")
    options: dict[str, Any] = {**chosen, "prefix": prefix if is_copy else ""}
    options["drop_missing"] = chosen.get("drop_missing") == DROP_MISSING
    return asdict(RestoreOptions(**complete_options(options, own_tenant=own_tenant)))
