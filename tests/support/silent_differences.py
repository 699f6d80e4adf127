"""Differences that a restore left without a word.

Two objects of the simulated tenant, before and after, compared with nothing of the product's own: Microsoft's model
says what the service makes by itself and what is a flag, the plan says what was told.
"""

import json
from collections import Counter

from db.restores import restore_items
from db.states import WRITTEN_OUTCOMES
from graph.microsoft import model
from graph.policy_types.table import POLICY_TYPES
from tests.support.restore_steps import renamed_ids
from tests.support.simulated_tenant import truth_of
from tests.support.told import told_of

# The service's own, though its model does not mark it read-only (graph-wide conventions of learn.microsoft.com).
SERVICE = frozenset({
    "createdDateTime", "lastModifiedDateTime", "modifiedDateTime", "version", "isAssigned", "settingCount", "source",
    "sourceId", "secretReferenceValueId", "isEncrypted", "policyConfigurationIngestionType", "templateDisplayName",
    "templateDisplayVersion", "runRemediationScript",
    # Counts, states and texts of Microsoft's catalogue, by their own descriptions.
    "deployedAppCount", "newUpdates", "publishingState", "endOfSupportDate", "deployableContentDisplayName",
    "releaseDateDisplayName", "applicableDeviceCount",
    # What an enrollment token is, when and by whom a site list was published, where an image lies.
    "accountId", "tokenCreationDateTime", "tokenExpirationDateTime", "publishedDateTime", "publishedBy", "revision",
    "status", "enrolledDeviceCount", "enrollmentTokenUsageCount", "imageDisplayName",
    "bannerLogoRelativeUrl", "squareLogoRelativeUrl", "backgroundImageRelativeUrl", "cdnList",
    # Clocks of an update ring: an action of its own sets them, and they run out.
    "qualityUpdatesPauseExpiryDateTime", "qualityUpdatesRollbackStartDateTime", "featureUpdatesPauseExpiryDateTime",
    "featureUpdatesRollbackStartDateTime",
    # "1118: TemplateId is a read-only field" (Azure-Samples/azure-ad-conditional-access-apis#20).
    "templateId",
    # Ids of templates that the service makes anew: what they say is compared with the policy (notificationMessages).
    "notificationTemplates",
})  # fmt: skip
# What a plan calls a property that it tells of in words of its own.
WORDS = {
    "enrollmentTimeDeviceMembershipTargets": "device group",
    "driverInventories": "decided on",
    "scheduledActionsForRule": "action that marks the device",
}
# Catalogue entries that an object shows whole: their id says which.
CATALOGUE = frozenset({"definition", "presentation"})
NOTHING = (None, "", [], {}, False, "0", "00000000-0000-0000-0000-000000000000")


def silent_differences(restore, was, now, ids):
    """([(policy type, name, place)] of what is not as it was and was not told, how many values were compared).

    `was`, `now`: the simulated tenant's objects. `ids`: old -> new, where a restore gave other ones.
    """
    silent, compared = [], 0
    for item in restore_items.items(restore):
        if item.action not in WRITTEN_OUTCOMES and item.action != "matches":
            continue
        places, values = differences(item, was, now, ids)
        compared += values
        told = " ".join([*told_of(item), str(item.message or "")])
        silent += [(item.policy_type, item.name, place) for place in places if not is_told(place, told)]
    return silent, compared


def differences(item, was, now, ids):
    """(places of an item that are not as they were, told or not; how many values were compared)."""
    before = _whole(renamed_ids(truth_of(was, item.policy_type, item.graph_id), ids))
    after = _whole(truth_of(now, item.policy_type, item.created_id or item.target_id))
    declared = _declared(item.policy_type)
    facts, found = _facts(declared, before), _facts(declared, after)
    return sorted({place for place, _ in (facts - found) + (found - facts)}), facts.total()


def _whole(content):
    body = {**content["body"], "assignments": content["assignments"]}
    if str(body.get("appGroupType")).startswith("all"):
        body.pop("apps", None)  # which Microsoft computes
    if any("valueJson" in one for one in body.get("settings") or ()):
        body["settings"] = [
            one for one in body["settings"] if one["valueJson"] != "null"
        ]  # an intent's, not configured
    return body


def _declared(key):
    path = POLICY_TYPES[key].path
    return model.type_of_collection(path) if path in model.routes() else "entity"


def _facts(declared, item):
    """(place, value) of everything a person said; list positions are left out, for most lists have no order."""
    found = Counter()
    _collect(declared, item, "", found)
    return found


def _collect(declared, value, place, found):
    if isinstance(value, dict):
        actual = model.type_of(value, declared)
        for key, inner in value.items():
            what = model.properties(actual).get(key)
            if not _is_the_services(key, what, value, place) and not _says_nothing(key, declared):
                inside = what.type if what and what.kind == "object" else "entity"
                _collect(inside, _as_set(inner, what), f"{place}.{key}".lstrip("."), found)
    elif isinstance(value, list):
        for inner in value:
            _collect(declared, inner, f"{place}[]", found)
    elif value not in NOTHING:
        found[place, json.dumps(value)] += 1


def _is_the_services(key, what, holder, place):
    """Tell whether the service makes the value anew or keeps it to itself: own ids and those in lists, times,
    secrets' tokens.
    """
    last = place.rpartition(".")[2]
    if last in CATALOGUE:
        return key != "id"
    if key == "id":
        return not place or place.endswith("[]")
    # A secret's token; what an intent's setting says once more in JSON.
    if key == "value" and (holder.get("valueState") == "encryptedValueToken" or "valueJson" in holder):
        return True
    return key in SERVICE or ("@odata." in key and key != "@odata.type") or bool(what and what.is_read_only)


def _says_nothing(key, declared):
    """A type where there is only one."""
    return key == "@odata.type" and len(model.subtypes(declared)) == 1


def _as_set(value, what):
    if what and what.kind == "flags" and isinstance(value, str):
        return ",".join(sorted(value.replace(" ", "").split(",")))
    return value


def is_told(place, told):
    names = [name.removesuffix("[]") for name in place.split(".")]
    return any(WORDS.get(name, name) in told for name in names)
