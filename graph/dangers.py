"""What is dangerous in what a restore would write: told first, so that nobody has to find it among a thousand lines."""

from collections.abc import Mapping

TITLES: Mapping[str, str] = {
    "locks_out": "Conditional Access that blocks",
    "opens": "Conditional Access that is weakened",
    "guests": "Conditional Access that leaves guests out",
    "trusted_location": "A trusted network location",
    "system": "Runs as SYSTEM or root",
    "admin": "Makes people administrators of devices",
    "role": "Grants a role",
    "approval": "Multi Admin Approval",
    "devices": "Retires or wipes devices",
    "compliance": "Compliance that is weakened",
    "protection": "Protection that is weakened",
    "everybody": "For all users, all devices, or the whole tenant",
    "members": "Membership of groups",
}
