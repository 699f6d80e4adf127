"""What cannot be used the moment it was made: how one sees that it is ready, and how a refusal says that it is not yet.

How long it lasts nobody documents. What tools wait: minutes for a store app to be published (Micke-K/IntuneManagement),
up to five for a named location to be known to policies (KelvinTegelaar/CIPP#4655), one for an Apple enrollment profile
("Profile not found", deploymenttheory/terraform-provider-microsoft365).
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from graph.content.spellings import GUID
from graph.errors import Conflict, Forbidden, NotFound, Rejected
from graph.policy_types.policy_type import Body


@dataclass(frozen=True)
class Readiness:
    """`property` of the policy shows one of `ready` when it can be used; what does not have it is ready."""

    property: str
    ready: frozenset[str]
    waits_for: str

    def is_given(self, body: Body) -> bool:
        value = body.get(self.property)
        return value is None or value in self.ready


# notPublished -> processing -> published: "PublishingState is not 'Published'" until then (andrew-s-taylor/public#20).
READINESS: Mapping[str, Readiness] = {
    "mobileApps": Readiness("publishingState", frozenset({"published"}), "Waiting for Microsoft to publish the app."),
}
# For how long after it was made its use is tried again, in seconds.
PATIENCE: Mapping[str, int] = {"mobileApps": 300, "namedLocations": 300, "depOnboardingSettings": 120}
USUAL_PATIENCE = 120
_NOT_YET = re.compile(
    r"PublishingState|\b1040\b|not (be )?found|not exist|not present|cannot find|unable to find|no such|not available",
    re.IGNORECASE,
)


def wait_reason(policy_type: str, body: Body) -> str:
    """What a new policy waits for before anything else is done with it; "" when it can be used."""
    found = READINESS.get(policy_type)
    return found.waits_for if found and not found.is_given(body) else ""


def patience_seconds(policy_type: str) -> int:
    return PATIENCE.get(policy_type, USUAL_PATIENCE)


def may_be_a_delay(error: Rejected, made: Collection[str]) -> bool:
    """A refusal that says that something is not there, be it what was made a moment ago: it may be known soon.

    One that names other ids is about those.
    """
    if not made or isinstance(error, Forbidden | Conflict):
        return False
    named = set(GUID.findall(error.sentence.lower()))
    if named:
        return any(guid in one.lower() for guid in named for one in made)
    return isinstance(error, NotFound) or bool(_NOT_YET.search(error.sentence))
