"""Objects that cannot be used the moment they were created: when one is ready, and which refusals say "not yet".

Nobody documents how long that takes. Tools wait minutes for a store app to be published (Micke-K/IntuneManagement), up
to five for a named location to be known to policies (KelvinTegelaar/CIPP#4655), one for an Apple enrollment profile
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
    """A policy type that takes time: `property` shows one of `ready` when it can be used, or is not there at all."""

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
# Seconds after the creation during which its use is tried again.
PATIENCE: Mapping[str, int] = {"mobileApps": 300, "namedLocations": 300, "depOnboardingSettings": 120}
USUAL_PATIENCE = 120
_NOT_YET = re.compile(
    r"PublishingState|\b1040\b|not (be )?found|not exist|not present|cannot find|unable to find|no such|not available",
    re.IGNORECASE,
)


def wait_reason(policy_type: str, body: Body) -> str:
    """Return what a new policy waits for before anything else is done with it; "" when it can be used."""
    readiness = READINESS.get(policy_type)
    return readiness.waits_for if readiness and not readiness.is_given(body) else ""


def patience_seconds(policy_type: str) -> int:
    return PATIENCE.get(policy_type, USUAL_PATIENCE)


def may_be_a_delay(error: Rejected, created_ids: Collection[str]) -> bool:
    """Return whether a refusal may only mean that an object of `created_ids` is not known yet.

    A refusal that names other ids is about those.
    """
    if not created_ids or isinstance(error, Forbidden | Conflict):
        return False
    named = set(GUID.findall(error.sentence.lower()))
    if named:
        return any(guid in graph_id.lower() for guid in named for graph_id in created_ids)
    return isinstance(error, NotFound) or bool(_NOT_YET.search(error.sentence))
