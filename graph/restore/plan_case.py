"""One item of a restore as it is planned: everything known of it, and the plan that comes of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from graph.content.secret_signs import may_lack_secrets
from graph.policy_types.object_labels import object_label
from graph.policy_types.policy_type import PolicyType
from graph.read.bins import BinEntry
from graph.references.references import Reference
from graph.restore.desired_content import as_chosen
from graph.restore.matching import NO_COPIES, Match, NameCopies
from graph.restore.options import RestoreOptions
from graph.restore.resolver import Resolution, ResolvedBy, replace_references
from graph.restore.shortfalls import Shortfall
from graph.write.write_requests import PolicyContent

# A reference's key in plans: kind, id, whether it is in an assignment.
ReferenceKey = tuple[str, str, bool]
# A placeholder, while two contents are compared, for the id that an item of the restore will get.
YET_TO_BE_MADE = "(made by this restore)"

# The reason of a policy that differs from the backup, and only in what the options leave as it is.
KEPT = "kept"


@dataclass(frozen=True)
class ItemPlan:
    """The plan of one item.

    `action`: create, recreate, undelete, update, remove, matches, exists or blocked. What exists or is blocked has a
    `reason` and a `message`. So has what matches except for what the options leave alone.
    """

    action: str
    reason: str | None = None
    message: str | None = None
    differences: int = 0
    notes: tuple[str, ...] = ()
    # What will be weaker than it is, or less than the backup holds.
    shortfalls: tuple[Shortfall, ...] = ()
    # The references that would be written.
    needs: frozenset[ReferenceKey] = frozenset()
    # The case's resolutions, with is_needed set.
    resolutions: tuple[Resolution, ...] = ()
    # Properties of the body that are not written, because their dates are past.
    left_out: tuple[str, ...] = ()
    # An undelete's: whether a new one is made where Microsoft refuses.
    may_recreate: bool = False


@dataclass(frozen=True)
class PlanCase:
    """Everything known of one item when it is planned."""

    policy_type: PolicyType
    content: PolicyContent
    match: Match
    live: PolicyContent | None
    now: datetime
    resolutions: Sequence[Resolution] = ()
    was_here: bool = False
    # What Microsoft keeps deleted of it, to be brought back.
    kept: BinEntry | None = None
    # In copy mode.
    copies: NameCopies = NO_COPIES
    # The content is from a file: nobody knows whether its author may see the tenant's secrets.
    is_uploaded: bool = False
    # Sentences on ids of the source tenant that are left in the content.
    mentions: Sequence[str] = ()
    # Earlier restores wrote this very content over this very policy, and each time the service kept it as it was.
    is_kept_otherwise: Callable[[], bool] = lambda: False

    @cached_property
    def may_lack_secrets(self) -> bool:
        """Tell whether the backup may lack a secret. What is made of its content for the tenant lacks no other one."""
        return may_lack_secrets(self.policy_type, self.content["body"])

    @cached_property
    def replaced(self) -> PolicyContent:
        """Return the content with its references replaced, and placeholders for ids that the restore has yet to
        create.
        """
        yet = {
            resolution.item: YET_TO_BE_MADE
            for resolution in self.resolutions
            if resolution.how == ResolvedBy.RESTORED and resolution.to is None and resolution.item
        }
        return replace_references(self.policy_type.key, self.content, self.resolutions, yet)


def reference_key(reference: Reference | Resolution) -> ReferenceKey:
    return reference.kind, reference.id, reference.is_assignment


def reference_label(case: PlanCase, resolution: Resolution) -> str:
    """Name a reference as the backup does. A name from an uploaded file is the file's word, and the label says so."""
    if resolution.name and case.is_uploaded:
        named = f"{object_label(resolution.kind)} “{resolution.id}”"
        return f"“{resolution.name}” (so its source calls {named})"
    return f"{object_label(resolution.kind)} “{resolution.name or resolution.id}”"


def desired_before_creation(case: PlanCase, options: RestoreOptions, *, is_there: bool = False) -> PolicyContent:
    """Return the desired content with placeholders for ids that the restore has yet to create."""
    return as_chosen(case.policy_type, case.replaced, options, is_there=is_there)
