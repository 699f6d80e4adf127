"""Every verdict of a run, a backup set, a restore and a tenant: a level, a word for a badge, a sentence, and a link to
what helps. Green only where nothing is missing; all that pages colour goes through here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for
from markupsafe import Markup

from actors.facade import policy_type_names
from db.backups import completeness
from db.models import BackupSet, Restore, Run, Tenant
from db.restores import restores, undos
from db.runs import levels
from db.states import Level, RestoreState, RunKind, RunState, SetState, Standing
from db.tenants.backup_health import HealthFinding, TenantHealth
from web.translation.sentences import translated

# Level -> (how it looks, its icon). Never colour alone: the word stands beside it.
LOOKS = {
    Level.GOOD: ("good", "check"),
    Level.ATTENTION: ("warn", "exclamation-triangle"),
    Level.BAD: ("bad", "times"),
    Level.RUNNING: ("info", "refresh"),
    Level.NEUTRAL: ("muted", "circle-o"),
}


@dataclass(frozen=True)
class Help:
    """A link to what helps: its words, and the page."""

    label: str
    endpoint: str
    arguments: tuple[tuple[str, object], ...] = ()

    @property
    def address(self) -> str:
        return url_for(self.endpoint, **dict(self.arguments))  # type: ignore[arg-type]


def help_at(label: str, endpoint: str, **arguments: object) -> Help:
    return Help(label, endpoint, tuple(arguments.items()))


@dataclass(frozen=True)
class Verdict:
    level: Level
    # What the badge says.
    word: str
    sentence: str = ""
    help: Help | None = None
    # In place of its level's own, where that would say the wrong thing.
    own_icon: str = ""

    @property
    def look(self) -> str:
        return LOOKS[self.level][0]

    @property
    def icon(self) -> str:
        return self.own_icon or LOOKS[self.level][1]

    @property
    def badge(self) -> Markup:
        title = Markup(' title="{}"').format(translated(self.sentence)) if self.sentence else ""
        return Markup('<span class="badge badge-{}"{}><i class="fa fa-{}" aria-hidden="true"></i> {}</span>').format(
            self.look, title, self.icon, translated(self.word)
        )


# --- runs ----------------------------------------------------------------------------------------------------------

# The word of a succeeded run that lacks something, by kind.
_SHORT = {
    RunKind.SYNC: "partly read",
    RunKind.CAPTURE_SNAPSHOT: "not captured",
    RunKind.BACK_UP: "partly read",
    RunKind.UPLOAD: "partly read",
    RunKind.IMPORT: "partly read",
    RunKind.PREVIEW: "partly possible",
    RunKind.RESTORE: "partly restored",
}
# All that was asked for is written, and a policy is weaker, incomplete or assigned to nobody now.
DONE_BUT_WEAKER = "restored, weaker or incomplete"
WAS_UNDONE = "was undone"
UNDONE_BUT_WEAKER = "undone, weaker or incomplete"
NOT_CAPTURED = "Not captured: it is no longer in the tenant."
_SENTENCES = {
    RunState.QUEUED: "Waiting to start.",
    RunState.RUNNING: "",
    RunState.SUCCEEDED: "Nothing is missing.",
    RunState.PARTIAL: "Some of it failed.",
    RunState.FAILED: "Nothing of it was done.",
    RunState.CANCELLED: "Somebody cancelled it. What was done before stays.",
}


def run_verdict(run: Run) -> Verdict:
    level, kind = levels.level_of(run), RunKind(run.kind)
    if run.state == RunState.SUCCEEDED and level == Level.ATTENTION:
        word = DONE_BUT_WEAKER if run.error_code == levels.WEAKER else _SHORT.get(kind, "partly done")
        return Verdict(level, word, _what_is_missing(run), run_help(run))
    has_ended_badly = run.state in (RunState.PARTIAL, RunState.FAILED)
    sentence = (run.error_message if has_ended_badly else "") or _SENTENCES[RunState(run.state)]
    return Verdict(level, str(run.state), sentence, run_help(run) if has_ended_badly else None)


def _what_is_missing(run: Run) -> str:
    if run.kind == RunKind.CAPTURE_SNAPSHOT:
        return NOT_CAPTURED
    return run.error_message or "Something that was asked for is missing."


def run_help(run: Run) -> Help:
    """Return the link to where what is missing can be made good."""
    if run.kind == RunKind.CAPTURE_SNAPSHOT and run.policy_id:
        return help_at("The policy and its snapshots", "policies.page", policy_id=run.policy_id)
    if run.kind == RunKind.REHEARSE:
        return help_at("What the rehearsal found", "rehearsals.go", run_id=run.id)
    if run.restore_id:
        return help_at("What was left, and why", "restores.page", restore_id=run.restore_id)
    if run.error_code in ("forbidden", "sign_in_failed"):
        return help_at("What the tenant needs", "tenants.page", tenant_id=run.tenant_id, _anchor="coverage")
    return help_at("What is missing, and what to do", "runs.page", run_id=run.id)


# --- backup sets ---------------------------------------------------------------------------------------------------

PART = "It holds what was chosen: it is no backup of the whole tenant."


def set_verdict(backup_set: BackupSet) -> Verdict:
    """Return the verdict. Green is a set of the whole tenant alone; one of a part says so."""
    state = SetState(backup_set.state)
    if state == SetState.RUNNING:
        return Verdict(Level.RUNNING, "being made", "It is still being made.")
    here = help_at("What is missing, and what to do", "backup_sets.page", backup_set_id=backup_set.id)
    if state == SetState.WARNINGS:
        needs = help_at("Which permission it needs", "tenants.page", tenant_id=backup_set.tenant_id, _anchor="coverage")
        return Verdict(Level.ATTENTION, "partly read", _unpermitted(backup_set), needs)
    if state == SetState.INCOMPLETE:
        level = Level.ATTENTION if backup_set.manifest_id and _has_something(backup_set) else Level.BAD
        return Verdict(level, "incomplete", missing_sentence(backup_set), here)
    if backup_set.selection:
        return Verdict(Level.NEUTRAL, "part", PART)
    return Verdict(Level.GOOD, "complete", "Nothing is missing.")


def _has_something(backup_set: BackupSet) -> bool:
    return any(completeness.is_usable(row) for row in backup_set.types.values())


def _unpermitted(backup_set: BackupSet) -> str:
    count = completeness.count_missing(backup_set).types
    return (
        "1 policy type is missing: a permission is lacking."
        if count == 1
        else f"{count} policy types are missing: a permission is lacking."
    )


def missing_sentence(backup_set: BackupSet) -> str:
    """Say how much is missing: at least so many policies, where a whole policy type was not read."""
    missing = completeness.count_missing(backup_set)
    policies, types = missing.policies, missing.types
    if policies and types:
        return "At least 1 policy is missing." if policies == 1 else f"At least {policies} policies are missing."
    if policies:
        return "1 policy is missing." if policies == 1 else f"{policies} policies are missing."
    if types:
        return "1 policy type was not read." if types == 1 else f"{types} policy types were not read."
    return "It ended before everything was read."


# --- restores ------------------------------------------------------------------------------------------------------

_RESTORE_LEVELS = {
    RestoreState.DRAFT: Level.NEUTRAL,
    RestoreState.PREVIEWED: Level.RUNNING,
    RestoreState.APPROVED: Level.RUNNING,
    RestoreState.RUNNING: Level.RUNNING,
    RestoreState.EXPIRED: Level.NEUTRAL,
    RestoreState.CANCELLED: Level.NEUTRAL,
}
# Nothing moves in these: they wait for somebody to read the plan, or to carry it out.
_WAITING_ICONS = {RestoreState.PREVIEWED: "eye", RestoreState.APPROVED: "thumbs-o-up"}


def restore_verdict(restore: Restore, live_run: Run | None, *, is_undone: bool) -> Verdict:
    """Return the verdict. `live_run`: its newest live run, where it has one."""
    state = RestoreState(restore.state)
    if state != RestoreState.FINISHED:
        return Verdict(_RESTORE_LEVELS[state], str(state), own_icon=_WAITING_ICONS.get(state, ""))
    if is_undone:
        return Verdict(Level.NEUTRAL, WAS_UNDONE, "An undo took back all that it wrote.")
    level = levels.level_of(live_run) if live_run else Level.NEUTRAL
    if level == Level.GOOD:
        return Verdict(level, str(state), "Everything asked for was written and read back.")
    if live_run and live_run.state == RunState.CANCELLED:
        return Verdict(level, "stopped", "Somebody stopped it. What was written before stays.")
    help_here = help_at("What was left, and why", "restores.page", restore_id=restore.id)
    if live_run and live_run.error_code == levels.WEAKER and level == Level.ATTENTION:
        word = UNDONE_BUT_WEAKER if restore.undo_of_id else DONE_BUT_WEAKER
        return Verdict(level, word, live_run.error_message or "A policy is weaker or incomplete.", help_here)
    if level == Level.ATTENTION:
        word = "half undone" if restore.undo_of_id else "partly restored"
        return Verdict(level, word, (live_run and live_run.error_message) or "Some of it was not written.", help_here)
    if level == Level.BAD:
        word = "not undone" if restore.undo_of_id else "not restored"
        return Verdict(level, word, (live_run and live_run.error_message) or "Nothing was written.", help_here)
    return Verdict(level, str(state))


def restore_verdicts(listed: Sequence[Restore], undone_by: Mapping[int, Sequence[Restore]]) -> dict[int, Verdict]:
    """Return restore id -> its verdict. `undone_by`: restore id -> the undos that took back all that it wrote."""
    live_runs = restores.newest_live_runs([row.id for row in listed if row.state == RestoreState.FINISHED])
    return {
        restore.id: restore_verdict(restore, live_runs.get(restore.id), is_undone=bool(undone_by[restore.id]))
        for restore in listed
    }


# --- tenants -------------------------------------------------------------------------------------------------------

WORDS = {
    Standing.DISCONNECTED: "not connected",
    Standing.NEVER: "never backed up",
    Standing.LATE: "late",
    Standing.INCOMPLETE: "incomplete",
    Standing.UNPERMITTED: "partly read",
    Standing.UNSCHEDULED: "no schedule",
    Standing.UNGUARDED: "no emergency accounts",
    Standing.GOOD: "backed up",
}
LEVELS = dict.fromkeys(Standing, Level.ATTENTION) | {
    Standing.DISCONNECTED: Level.BAD,
    Standing.NEVER: Level.BAD,
    Standing.GOOD: Level.GOOD,
}


def tenant_verdict(health: TenantHealth) -> Verdict:
    """Return the verdict of what is worst about the tenant."""
    if not health.findings:
        return Verdict(Level.GOOD, WORDS[Standing.GOOD], "Everything is as it should be.")
    return finding_verdicts(health)[0]


def finding_verdicts(health: TenantHealth) -> list[Verdict]:
    """Return a verdict for each thing that is found of the tenant, the worst first."""
    return [
        Verdict(
            LEVELS[finding.standing],
            WORDS[finding.standing],
            finding_sentence(finding),
            _help(health, finding.standing),
        )
        for finding in health.findings
    ]


def finding_sentence(finding: HealthFinding) -> str:
    if not finding.types:
        return finding.why
    count, first = len(finding.types), finding.types[0]
    if finding.standing == Standing.UNPERMITTED:
        needs = ", ".join(sorted({policy_type_names.permission(row.policy_type) for row in finding.types}))
        return (
            f"Partly read: 1 policy type, needs {needs}."
            if count == 1
            else f"Partly read: {count} policy types, needs {needs}."
        )
    title, why = policy_type_names.title(first.policy_type), first.why
    return (
        f"The newest backup is incomplete. {title}: {why}"
        if count == 1
        else f"The newest backup is incomplete: {count} policy types. {title}: {why}"
    )


def _help(health: TenantHealth, standing: Standing) -> Help:
    tenant: Tenant = health.tenant
    if standing == Standing.UNSCHEDULED:
        return help_at("Add a schedule", "schedules.index", tenant=tenant.id)
    if standing == Standing.UNGUARDED:
        return help_at(
            "Name them, or say that there are none", "tenants.page", tenant_id=tenant.id, _anchor="break_glass"
        )
    if standing == Standing.UNPERMITTED:
        return help_at("What to permit", "tenants.page", tenant_id=tenant.id, _anchor="coverage")
    if standing == Standing.INCOMPLETE and tenant.last_backup_id:
        return help_at("What is missing", "backup_sets.page", backup_set_id=tenant.last_backup_id)
    if standing == Standing.LATE and health.last_run_id:
        return help_at(f"Run {health.last_run_id}", "runs.page", run_id=health.last_run_id)
    return help_at("Open the tenant", "tenants.page", tenant_id=tenant.id)


# --- badges ----------------------------------------------------------------------------------------------------------


def run_badge(run: Run) -> Markup:
    return run_verdict(run).badge


def run_word(run: Run) -> str:
    return run_verdict(run).word


def set_badge(backup_set: BackupSet) -> Markup:
    return set_verdict(backup_set).badge


def restore_badges(
    listed: Sequence[Restore], undone_by: Mapping[int, Sequence[Restore]] | None = None
) -> dict[int, Markup]:
    """Return restore id -> how it stands; what that takes is looked up for all of them at once.

    `undone_by`: as `restore_verdicts` has it, where the page knows it already.
    """
    found = restore_verdicts(listed, undos.that_undid_each(listed) if undone_by is None else undone_by)
    return {restore_id: verdict.badge for restore_id, verdict in found.items()}


def tenant_badge(health: TenantHealth) -> Markup:
    return tenant_verdict(health).badge


# As templates call them.
FILTERS: dict[str, Callable[..., Any]] = {
    "run_badge": run_badge,
    "run_word": run_word,
    "set_badge": set_badge,
    "restore_badges": restore_badges,
    "tenant_badge": tenant_badge,
}
