"""Sentences of audit events: who did what, with links to what is there still and the reader may see.

Whatever an event's details are, there is a sentence: what cannot be read is left out of it, never the event.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from db.audit import named_rows, own_actors
from db.audit.audit import Action
from db.audit.named_rows import PERSON, NamedRows, details_of, numbered, whole_number
from db.models import AuditEvent, Restore, User
from db.names import work_names
from db.names.work_names import Name
from db.states import WRITTEN_OUTCOMES, Outcome
from db.tenants import schedule_words
from web.presentation.formatters import kind_title
from web.presentation.links import as_text, link, name_html
from web.security.access import can
from web.security.permissions import Permission
from web.security.who_may import role_words
from web.translation.sentences import translated, translated_markup
from web.views.audit_acts.audit_act import UNCOUNTED, AuditAct
from web.views.audit_acts.audit_acts import ACTS
from web.views.installation import audit_values

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_REASON = " — {reason}"
MISSING = "(unknown)"
_NOT_WRITTEN = (Outcome.CONFLICT, Outcome.UNKNOWN, Outcome.ERROR, Outcome.BLOCKED, Outcome.FORBIDDEN)
# A column or setting that changed -> what people call it.
_CHANGED = {
    "site_role": "system role",
    "is_active": "whether they may sign in",
    "entra_id": "Entra ID",
    "break_glass": "emergency accounts",
    "four_eyes on": "second approval on",
    "four_eyes off": "second approval off",
    "full_every_days": "days between full backups",
    "keeps_members on": "group members kept",
    "keeps_members off": "group members no longer kept",
    "soak_days": "days of waiting before the next ring",
    "look_days": "days of looking before Conditional Access is switched on",
    "stop_percent": "the share of failures that stops a roll-out",
    "at_once": "how many tenants at a time",
    "allows_private": "whether it may lead into private networks",
    "name": "name",
    "description": "description",
    "password": "password",
    "options": "options",
    "items": "policies",
    "address": "address",
    "secret": "secret",
    "credential": "credential",
    "credentials": "credentials",
    "copy_days": "days that copies are kept",
    "needs_lock": "whether it has to lock",
    "bytes_per_second": "how fast it is sent to",
    "members": "members",
    "cron": "schedule",
    "time_zone": "time zone",
    "is_full": "whether backups are full",
    "retention": "retention",
    "is_watched": "watching",
    "watch_minutes": "minutes between looks",
    "tags": "tags",
    "emergency_note": "note on emergency accounts",
}
# Of a store, it says something else than of a person.
_CHANGED_OF_STORE = {**_CHANGED, "is_active": "whether it is switched on"}


@dataclass(frozen=True)
class _Names:
    """Names of runs, restores and backup sets by their work, by id."""

    runs: Mapping[int, Name]
    restores: Mapping[int, Name]
    sets: Mapping[int, Name]


def sentences(events: Sequence[AuditEvent]) -> list[Markup]:
    """Return a sentence for each event, in their order."""
    rows = named_rows.find(events)
    names = _Names(*(work_names.names_of(some.values()) for some in (rows.runs, rows.restores, rows.sets)))
    return [_Sentence(event, rows, names).make() for event in events]


class _Sentence:
    """The sentence of one event. Every method answers something, whatever the event holds."""

    def __init__(self, event: AuditEvent, rows: NamedRows, names: _Names) -> None:
        self._event, self._rows, self._names, self._details = event, rows, names, details_of(event)
        self._kind, self._number = numbered(event)
        self._may_see = event.tenant_id is not None and can(Permission.SEE, event.tenant_id)

    def make(self) -> Markup:
        event = self._event
        act = ACTS.get(event.action)
        if act is None:
            return Markup("{}: {} {}").format(self._who(), event.action, event.subject)
        person = self._person_found()
        is_own = bool(person and person.email == event.actor)
        template = act.sentence(event.result, is_own=is_own, values=self._counted(act))
        if not self._reason():
            template = template.replace(_REASON, "")
        # The templates are ours, and what fills them is escaped.
        return translated_markup(template).format_map(
            {name: self._value(name) for name in _PLACEHOLDER.findall(template)}
        )

    def _counted(self, act: AuditAct) -> Mapping[str, object]:
        if act.counts == "written":
            return {**self._details, "written": self._written()}
        if act.varies_by == "state" and not _counted_items(self._details.get("counts")):
            return {**self._details, "state": f"{self._details.get('state')}{UNCOUNTED}"}
        return self._details

    def _value(self, name: str) -> object:
        made: dict[str, Callable[[], object]] = {
            "who": self._who,
            "tenant": self._tenant,
            "run": self._run,
            "restore": self._restore,
            "backup_set": self._backup_set,
            "policy": self._policy,
            "person": self._person,
            "subject": self._subject,
            "reason": self._reason,
            "requester": self._requester,
            "written": self._written,
            "unwritten": self._unwritten,
            "asked_by": lambda: self._named_person(str(self._details.get("asked_by", MISSING))),
            "changed": self._changed,
            "kind": self._kind_title,
            "schedule": self._schedule,
            "counts": lambda: _counts(self._details.get("counts")),
            "ring": lambda: translated(str(self._details.get("ring", MISSING))),
            "gives": lambda: translated(role_words(self._details.get("gives", MISSING))),
            "site_role": lambda: translated(role_words(self._details.get("site_role", MISSING))),
        }
        if name in made:
            return made[name]()
        return audit_values.detail(name, self._details[name]) if name in self._details else MISSING

    def _who(self) -> object:
        is_by_itself = self._event.actor_id is None and self._event.actor in own_actors.NAMES
        return "Tenantkeep" if is_by_itself else self._named_person(self._event.actor)

    def _named_person(self, email: str) -> object:
        user = self._rows.people.get(email)
        if user is None:
            return email
        name = Markup('<span title="{}">{}</span>').format(user.email, user.name)
        return link("users.page", name, user_id=user.id) if can(Permission.ADMINISTER) else name

    def _person_found(self) -> User | None:
        found = PERSON.match(self._event.subject)
        return self._rows.people.get(found[1]) if found else None

    def _person(self) -> object:
        found = PERSON.match(self._event.subject)
        return self._named_person(found[1]) if found else self._event.subject

    def _tenant(self) -> object:
        tenant = self._rows.tenants.get(self._event.tenant_id or 0)
        if tenant is None or not self._may_see:
            return self._event.tenant_name or translated("the installation")
        return link("tenants.page", self._event.tenant_name, tenant_id=tenant.id)

    def _linked(self, row: Any, endpoint: str, label: object, **values: object) -> object:
        """Return a link where the row is there still, of the event's own tenant, and the reader may see it."""
        is_there = row is not None and self._may_see and row.tenant_id == self._event.tenant_id
        return link(endpoint, label, **values) if is_there else label

    def _run(self) -> object:
        number = self._number if self._kind == "run" else whole_number(self._details.get("run"))
        if not number:
            return MISSING
        run, name = self._rows.runs.get(number), self._names.runs.get(number)
        if name and self._event.action == Action.RUN_ENDED:
            shown = self._linked(run, "runs.page", name_html(name), run_id=number)
            return translated_markup("{} <small>(run {})</small>").format(shown, number)
        return self._linked(run, "runs.page", _titled(translated(f"run {number}"), name), run_id=number)

    def _restore(self) -> object:
        number = self._number if self._kind == "restore" else whole_number(self._details.get("restore"))
        row = self._rows.restores.get(number or 0)
        label = _titled(translated(f"restore {number or MISSING}"), self._names.restores.get(number or 0))
        return self._linked(row, "restores.page", label, restore_id=number)

    def _backup_set(self) -> object:
        row = self._rows.sets.get(self._number)
        label = _titled(translated(self._subject_words()), self._names.sets.get(self._number))
        return self._linked(row, "backup_sets.page", label, backup_set_id=self._number)

    def _policy(self) -> object:
        """Return the policy by the name that the event says: it may have another by now."""
        key = (self._event.tenant_id or 0, str(self._details.get("graph_id")))
        row = self._rows.policies.get(self._number) if self._kind == "policy" else self._rows.written.get(key)
        name = re.search(r"“(.*)”", self._event.subject, re.DOTALL)
        return self._linked(
            row, "policies.page", f"“{name[1]}”" if name else self._event.subject, policy_id=row and row.id
        )

    def _subject(self) -> object:
        subject, number = self._event.subject, self._number
        if self._kind == "snapshot":
            words = translated(self._subject_words())
            return self._linked(self._rows.snapshots.get(number), "snapshots.page", words, snapshot_id=number)
        if self._kind == "restore":
            words = translated(self._subject_words())
            return self._linked(self._rows.restores.get(number), "restores.page", words, restore_id=number)
        if self._kind == "backup set":
            return self._backup_set()
        return translated(subject)

    def _subject_words(self) -> str:
        """Return the subject as the catalogs have it: “backup set 7”, “snapshot 7 of “Ring””."""
        number, name = self._number, self._event.subject.partition(" of ")[2]
        if self._kind == "snapshot" and name:
            return f"snapshot {number} of {name}"
        return f"backup set {number}" if self._event.subject == f"backup set {number}" else self._event.subject

    def _restore_row(self) -> Restore | None:
        return self._rows.restores.get(self._number) if self._kind == "restore" else None

    def _reason(self) -> str:
        restore = self._restore_row()
        reason = str(self._details.get("reason") or (restore.reason if restore else "") or "")
        return translated(reason) if restore and work_names.is_own_reason(restore) else reason

    def _requester(self) -> object:
        """Return who ran the restore: its run is the system's own to end."""
        run = self._rows.runs.get(whole_number(self._details.get("run")) or 0)
        starter = run.requested_by_id if run else None
        email = next((user.email for user in self._rows.people.values() if user.id == starter), "")
        return self._named_person(email) if email else "Tenantkeep"

    def _outcomes(self) -> Mapping[str, Any]:
        outcomes = self._details.get("outcomes")
        return outcomes if isinstance(outcomes, dict) else {}

    def _written(self) -> int:
        return sum(whole_number(self._outcomes().get(str(outcome))) or 0 for outcome in WRITTEN_OUTCOMES.values())

    def _unwritten(self) -> int:
        return sum(whole_number(self._outcomes().get(str(outcome))) or 0 for outcome in _NOT_WRITTEN)

    def _changed(self) -> str:
        changed = self._details.get("changed")
        names = changed if isinstance(changed, list) else [changed]
        words = _CHANGED_OF_STORE if self._event.action == Action.COPY_STORE_CHANGED else _CHANGED
        return ", ".join(translated(words.get(str(name), str(name))) for name in names)

    def _schedule(self) -> str:
        cron, zone = self._details.get("cron"), self._details.get("time_zone")
        return translated(schedule_words.describe(str(cron), str(zone))) if cron and zone else str(cron or MISSING)

    def _kind_title(self) -> str:
        kind = str(self._details.get("kind", MISSING))
        return kind_title(kind).lower() if self._event.action in (Action.MAPPING_SET, Action.MAPPING_REMOVED) else kind


def _titled(label: str, name: Name | None) -> object:
    """Return the label, with what it is called by its work as the title."""
    return Markup('<span title="{}">{}</span>').format(as_text(name), label) if name else label


def _counts(counts: object) -> str:
    """Say the counts of a run without its total, which is their sum."""
    if not isinstance(counts, dict):
        return MISSING
    return audit_values.counts(_counted_items(counts))


def _counted_items(counts: object) -> dict[str, object]:
    found = counts if isinstance(counts, dict) else {}
    return {name: count for name, count in found.items() if name != "total" and count}
