"""Find one person or one device in a directory, and the groups it is in, those of groups among them.

learn.microsoft.com: Get user, List devices, List transitiveMemberOf of a user and of a device. A device is asked for
by its object id, which is another one than its device id.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graph.content.spellings import GUID
from graph.errors import Forbidden, NotFound
from graph.policy_types.permissions import FIND_PEOPLE, Access
from graph.read.directory_names import display_name
from graph.read.paging import follow_pages
from graph.transport import paths
from graph.transport.batch_driver import RequestSteps

PERSON, DEVICE = "person", "device"
_PATHS = {PERSON: "/users", DEVICE: "/devices"}
_DIRECTORY = ("Directory.Read.All", "Directory.ReadWrite.All")
# The permissions tables of the pages named above.
TO_FIND = {
    PERSON: FIND_PEOPLE,
    DEVICE: Access("Device.Read.All", ("Device.ReadWrite.All", *_DIRECTORY)),
}
TO_LIST_GROUPS = {
    PERSON: Access("GroupMember.Read.All", ("Group.Read.All", "User.Read.All", *_DIRECTORY)),
    DEVICE: Access("Device.Read.All", ("Device.ReadWrite.All", *_DIRECTORY)),
}
_MAY_NOT_FIND = {
    PERSON: "The app may not find people here. Grant it the permission {}, and consent to it.",
    DEVICE: "The app may not find devices here. Grant it the permission {}, and consent to it.",
}
_MAY_NOT_LIST = "The app may not list the groups. Grant it the permission {}, and consent to it."
LONGEST_NAME = 256
_USER_NAME = re.compile(r"[^\s/?#&'\"<>]+@[^\s/?#&'\"<>]+")


class NotPermitted(Exception):
    """The app may not read it; the text names the permission that is missing."""


class NotThere(Exception):
    """There is no such person or device, or more than one device of that name; the text says which."""


@dataclass(frozen=True)
class DirectoryObject:
    """`groups`: id -> name, of the groups that the person or device is in, directly or by another group.

    `is_guest`: None where the app may not read it.
    """

    object_id: str
    name: str
    groups: Mapping[str, str]
    is_guest: bool | None = None


def is_user_name(text: str) -> bool:
    return bool(_USER_NAME.fullmatch(text) or GUID.fullmatch(text)) and len(text) <= LONGEST_NAME


def read_membership(kind: str, name: str) -> RequestSteps[DirectoryObject]:
    """Return the person of this user name or id, or the device of this name or id. Raises NotPermitted, NotThere."""
    found = yield from (_find_person(name) if kind == PERSON else _find_device(name))
    object_id = str(found.get("id") or "")
    path = f"{paths.join(_PATHS[kind], object_id)}/transitiveMemberOf/microsoft.graph.group?$select=id,displayName"
    [answer] = yield [path]
    if isinstance(answer.error, Forbidden):
        raise NotPermitted(_MAY_NOT_LIST.format(TO_LIST_GROUPS[kind].ask))
    groups = yield from follow_pages(answer.require_body())
    kind_of_user = found.get("userType")
    return DirectoryObject(
        object_id.lower(),
        display_name(found) or name,
        {str(group.get("id")).lower(): display_name(group) or "" for group in groups},
        kind_of_user == "Guest" if isinstance(kind_of_user, str) else None,
    )


def _find_person(name: str) -> RequestSteps[dict[str, Any]]:
    if not is_user_name(name):
        raise NotThere("That is no user name: give one like ann@contoso.com, or the person's object id.")
    [answer] = yield [paths.join("/users", name) + "?$select=id,displayName,userType"]
    if isinstance(answer.error, Forbidden):
        raise NotPermitted(_MAY_NOT_FIND[PERSON].format(TO_FIND[PERSON].ask))
    if isinstance(answer.error, NotFound):
        raise NotThere("This tenant has no person of that user name or id.")
    return answer.require_body()


def _find_device(name: str) -> RequestSteps[dict[str, Any]]:
    select = "$select=id,deviceId,displayName"
    condition = "displayName eq" if not GUID.fullmatch(name) else "deviceId eq"
    [answer] = yield [f"/devices?$filter={condition} '{paths.quote_literal(name)}'&{select}"]
    if isinstance(answer.error, Forbidden):
        raise NotPermitted(_MAY_NOT_FIND[DEVICE].format(TO_FIND[DEVICE].ask))
    devices = yield from follow_pages(answer.require_body())
    if not devices and GUID.fullmatch(name):
        [answer] = yield [f"{paths.join('/devices', name)}?{select}"]
        if not isinstance(answer.error, NotFound):
            return answer.require_body()
    if len(devices) > 1:
        raise NotThere(f"{len(devices)} devices have that name. Give the object id of the one that is meant.")
    if not devices:
        raise NotThere("This tenant has no device of that name or id.")
    found: dict[str, Any] = devices[0]
    return found
