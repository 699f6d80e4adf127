"""A row of the table of write rules: how a policy type is created, changed and assigned."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graph.policy_types.permissions import Access
from graph.transport.client import Request

Object = dict[str, Any]
# part(the policy's path, its body now, its body wanted) -> the writes that make the one the other.
Part = Callable[[str, Object, Object], list[Request]]
# shape(body) sets and removes properties of a body, so that Graph takes it. The values in it stay as they are: the
# content that it is of has the same ones.
Shape = Callable[[Object], None]

# What is written first: others refer to it. APP_NAMED is what apps refer to; LOCKS, what may lock all later writes.
(
    DIRECTORY, TAGS, FILTERS, NAMED, APP_NAMED, APP_WAVE, CERTIFICATES, POLICIES,
    # What refers to policies, and is none that others refer to.
    JOINING,
    ROLES, ROLE_ASSIGNMENTS, CA_NAMED, CA, SETS, LOCKS,
) = range(15)  # fmt: skip

# Assignments that are children of their own, posted and deleted one by one.
ONE_BY_ONE = "one by one"
# Assignments that a part of the body's own route sends (policy sets).
BY_UPDATE = "by update"


@dataclass(frozen=True)
class WriteRule:
    # Lower waves first: what others refer to has to be there before them.
    wave: int
    access: Access
    # PUT replaces the whole body; PATCH sends only what differs.
    update: str = "PATCH"
    # The key under which POST …/assign takes the assignments; "" where there are none to write.
    assign: str = ""
    # The cast that stands before /assign.
    assign_cast: str = ""
    # Root @odata.type is part of every body; where a read does not give it, it is this.
    sends_type: bool = False
    odata_type: str = ""
    # Never sent: Graph derives them, or refuses them.
    drop: frozenset[str] = frozenset()
    # Sent when creating, refused afterwards.
    create_only: frozenset[str] = frozenset()
    # The service's own marks, which a PUT has to repeat as they are in the tenant: nothing that is compared or made.
    repeated_by_put: frozenset[str] = frozenset()
    shape: Shape = lambda body: None
    # Properties with calls of their own, by name; those in `parts_in_create` also go with the first POST.
    parts: Mapping[str, Part] = field(default_factory=dict)
    parts_in_create: frozenset[str] = frozenset()
    # The only properties that the first POST takes; the rest follow (branding).
    taken_by_create: frozenset[str] = frozenset()
    create: Callable[[str, Object], Request] | None = None
    # Who makes one says its id, and what has it would be written over (learn.microsoft.com: Create or update
    # authenticationContextClassReference; organizationalBrandingLocalization).
    names_itself: bool = False
    # change(path, what differs) where that is no PATCH of the object itself.
    change: Callable[[str, Object], Request] | None = None
    # Why one of these cannot be made anew, by its body; "" when it can.
    cannot_create: Callable[[Object], str] = lambda body: ""
    # Why none of these can be restored; "" when they can.
    cannot_restore: str = ""
    # Warnings for a person, before one is written and before one is made anew; "" when there are none.
    warn: Callable[[Object], str] = lambda body: ""
    warn_create: Callable[[Object], str] = lambda body: ""
    # What a person has to do once one is made anew, which no write does; "" when it is nothing. It is warned of, too.
    left_to_do: Callable[[Object], str] = lambda body: ""
    # Its policies are written one after another, never twenty at a time.
    one_at_a_time: bool = False

    @property
    def permission(self) -> str:
        """The permission to ask for."""
        return self.access.ask
