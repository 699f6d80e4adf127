"""The sentences on what a restore leaves weaker, incomplete or assigned to nobody: before it, and after it."""

from collections.abc import Mapping
from typing import NamedTuple

# Severities: of what protects or reaches nobody any more, and of what is less than the backup holds.
RED, AMBER = "bad", "warn"


class ShortfallText(NamedTuple):
    """The sentences of a shortfall, before the restore and after it. Their placeholders are its values."""

    severity: str
    title: str
    before: str
    after: str


_WEAKER, _NOBODY, _INCOMPLETE = "Protects less", "Assigned to nobody", "Incomplete"
SHORTFALLS: Mapping[str, ShortfallText] = {
    "on_to_report_only": ShortfallText(
        RED,
        _WEAKER,
        "It is on now and will be switched to report-only: it will not protect anybody. To leave it on, choose "
        "“As captured”.",
        "It was on and is in report-only: it does not protect anybody. Restore it “As captured”, or switch it on in "
        "Entra.",
    ),
    "on_to_off": ShortfallText(
        RED,
        _WEAKER,
        "It is on now and will be switched off: it will not protect anybody. To leave it on, choose “As captured”.",
        "It was on and is off: it does not protect anybody. Restore it “As captured”, or switch it on in Entra.",
    ),
    "left_report_only": ShortfallText(
        RED,
        _WEAKER,
        "It will be in report-only, though the backup has it on: it will not protect anybody. To switch it on, choose "
        "“As captured”.",
        "It is in report-only: it does not protect anybody yet. Restore it “As captured”, or switch it on in Entra.",
    ),
    "left_off": ShortfallText(
        RED,
        _WEAKER,
        "It will be off, though the backup has it on: it will not protect anybody. To switch it on, choose "
        "“As captured”.",
        "It is off: it does not protect anybody yet. Restore it “As captured”, or switch it on in Entra.",
    ),
    "captured_report_only": ShortfallText(
        RED,
        _WEAKER,
        "It is on now and will be in report-only, as the backup has it: it will not protect anybody.",
        "It was on and is in report-only, as the backup has it: it does not protect anybody.",
    ),
    "back_on": ShortfallText(
        RED,
        "On for a moment",
        "It was on when it was deleted, and Microsoft says nowhere in which state it comes back: it may be on, and "
        "protect or lock out people, for the seconds until it is set to what the plan says.",
        "It was on when it was deleted, and may have been on for seconds until it was set to what the plan says.",
    ),
    "captured_off": ShortfallText(
        RED,
        _WEAKER,
        "It is on now and will be off, as the backup has it: it will not protect anybody.",
        "It was on and is off, as the backup has it: it does not protect anybody.",
    ),
    "removed_on": ShortfallText(
        RED, _WEAKER, "It is on now and will be removed.", "It was on and is removed: it does not protect anybody."
    ),
    "excludes_more": ShortfallText(
        RED, _WEAKER, "It will also exclude {who}, unlike now.", "It excludes {who} now, which it did not before."
    ),
    "assigned_to_nobody": ShortfallText(
        RED,
        _NOBODY,
        "It will be assigned to nobody; it was assigned to {who}.",
        "It is assigned to nobody; it was assigned to {who}. Assign it in Intune, or restore its assignments.",
    ),
    "unassigned": ShortfallText(
        RED,
        _NOBODY,
        "It is assigned to {who} now and will be assigned to nobody.",
        "It was assigned to {who} and is assigned to nobody now.",
    ),
    "assignments_kept": ShortfallText(
        AMBER,
        _INCOMPLETE,
        "Its assignments differ from the backup and will stay as they are. To restore them, choose “Restore exactly as "
        "captured”.",
        "Its assignments differ from the backup and were left as they are.",
    ),
    "assignment_left_out": ShortfallText(
        AMBER,
        _INCOMPLETE,
        "The assignment to {what} will be left out: {why}",
        "The assignment to {what} was left out: {why}",
    ),
    "to_be_entered": ShortfallText(
        AMBER,
        _INCOMPLETE,
        "{what}: Microsoft Graph never gives this secret back. Enter it again in Intune afterwards.",
        "{what}: Microsoft Graph never gives this secret back. Enter it again in Intune.",
    ),
    "reference_kept": ShortfallText(
        AMBER,
        _INCOMPLETE,
        "It names {what}, which could not be found, and will keep that id: {why}",
        "It names {what}, which could not be found, and keeps that id: {why}",
    ),
    "lacks_setting": ShortfallText(AMBER, _INCOMPLETE, "{what}", "{what}"),
}
