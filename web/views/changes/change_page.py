"""`/changes/<id>`: what changed in a policy, how grave that is, when, by whom, and what was decided about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from flask import Blueprint, render_template, url_for
from markupsafe import Markup

from actors.facade import severity_words, snapshot_diff
from actors.facade.snapshot_diff import AccessStory, Difference
from db.changes import change_lists
from db.events import event_logs
from db.events.event_logs import LogState
from db.models import Change, Policy, Standard, Tenant, TenantEvent
from db.policies import lives
from db.standards import standards
from web.change_words import authors, place_words
from web.change_words.authors import Author
from web.change_words.words import STANDARD_SENTENCES, STATE_SENTENCES, what_words
from web.presentation.formatters import policy_type_title
from web.presentation.masking import Masking, secrets_note
from web.security.access import can, fetch, requires
from web.security.permissions import Permission
from web.translation.languages import current_language
from web.views.changes.decide import DecisionForms, decision_forms

pages = Blueprint("changes", __name__, url_prefix="/changes")

DIFFERENCES_SHOWN, EVENTS_SHOWN, HISTORY_SHOWN, PLACES_SHOWN = 12, 8, 6, 40


@dataclass(frozen=True)
class ChangePage:
    """`differences`: with their values, as the reader may see them; None where a content cannot be opened or is gone.

    `history`: the newest changes of the policy, this one among them, each with its author.
    """

    change: Change
    author: Author
    differences: list[Difference] | None
    # Before and after, of a Conditional Access policy.
    stories: list[AccessStory]
    secrets: str
    history: Sequence[tuple[Change, Author]]
    decision: DecisionForms

    @property
    def policy(self) -> Policy:
        return self.change.policy

    @property
    def tenant(self) -> Tenant:
        return self.change.tenant

    @property
    def type_title(self) -> str:
        return policy_type_title(self.policy.policy_type, self.policy.odata_type)

    @property
    def what(self) -> str:
        return what_words(self.change)

    @property
    def places(self) -> list[tuple[str, str]]:
        """(label in words, raw path) of what differs, as far as it was kept."""
        kept = (self.change.differences or ())[:PLACES_SHOWN]
        return [(place_words.label_of(self.change, place), place["path"]) for place in kept]

    @property
    def state_sentence(self) -> str:
        sentences = STATE_SENTENCES if self.change.standard_id is None else STANDARD_SENTENCES
        return sentences.get(self.change.state, STATE_SENTENCES[self.change.state])

    @cached_property
    def standard(self) -> Standard | None:
        """The standard that the policy differs from; None of any other change."""
        return standards.find_by_id(self.change.standard_id) if self.change.standard_id else None

    @property
    def rules(self) -> list[str]:
        """The rules that say how grave it is, in words."""
        return severity_words.sentences(self.change.rules or ())

    @property
    def first_differences(self) -> list[Difference]:
        return (self.differences or [])[:DIFFERENCES_SHOWN]

    @property
    def more_differences(self) -> list[Difference]:
        return (self.differences or [])[DIFFERENCES_SHOWN:]

    @property
    def first_events(self) -> Sequence[TenantEvent]:
        return self.author.events[:EVENTS_SHOWN]

    @property
    def more_events(self) -> Sequence[TenantEvent]:
        return self.author.events[EVENTS_SHOWN:]

    @cached_property
    def log(self) -> LogState:
        """The state of the log that tells of such policies."""
        return authors.log_of(self.change, event_logs.states(self.tenant))

    @property
    def log_words(self) -> Markup | str:
        return authors.log_words(self.log)

    @property
    def log_title(self) -> str:
        return authors.LOG_TITLES[self.log.log]

    @property
    def compare_address(self) -> str | None:
        before, after = self.change.before_id, self.change.after_id
        return url_for("snapshots.compare", snapshot_id=before, other_id=after) if before and after else None

    @property
    def can_manage(self) -> bool:
        return can(Permission.MANAGE, self.tenant.id)


@pages.get("/<change_id>")
@requires(Permission.SEE)
def page(change_id: str) -> str:
    return render_template("changes/page.html", page=change_page(fetch(Change, change_id, Permission.SEE)))


def change_page(change: Change) -> ChangePage:
    """Look up what the page shows."""
    lives_of = lives.of_policy(change.policy)
    history = change_lists.newest_of_policies([change.policy, *lives_of.earlier], HISTORY_SHOWN)
    place_words.look_up([change, *history])
    found = authors.authors_of([change, *history])
    hide = Masking(tells_apart=True)
    differences = _differences(change, hide)
    return ChangePage(
        change=change,
        author=found[change.id],
        differences=differences,
        stories=snapshot_diff.access_stories([change.before, change.after], hide) if differences else [],
        secrets=secrets_note(hide, can(Permission.MANAGE, change.tenant_id)) if differences else "",
        history=[(row, found[row.id]) for row in history],
        decision=decision_forms(change),
    )


def _differences(change: Change, hide: Masking) -> list[Difference] | None:
    if change.before is None or change.after is None:
        return None
    return snapshot_diff.differences_or_none(change.before, change.after, hide, language=current_language())
