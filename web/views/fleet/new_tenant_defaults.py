"""`/tenants/defaults`: what a new tenant gets by itself, or one with a tag; and following it again. For admins."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

from db.accounts import users
from db.backups.retention import RetentionRules
from db.errors import Invalid
from db.events import watches
from db.installation import tenant_defaults
from db.models import NewTenantDefaults, Tenant
from db.states import Role
from db.tenants import schedules, tags, tenants
from web.inputs import form_text, without_nul
from web.presentation.refusals import refusals_flashed
from web.security.access import current_actor, fetch, requires
from web.security.permissions import Permission
from web.views.tenants.schedule_form import ScheduleForm, from_rule, read_form

pages = Blueprint("new_tenant_defaults", __name__, url_prefix="/tenants/defaults")

PROPOSED_RETENTION = {"last": "7", "daily": "14", "weekly": "8", "monthly": "12"}
MAX_NOTE, MAX_MEMBERS = 500, 50


@dataclass(frozen=True)
class DefaultsPage:
    """`given` is what was typed and refused; else the fields show what is set."""

    row: NewTenantDefaults
    given: Mapping[str, str]

    @property
    def tag(self) -> str:
        return self.row.tag or ""

    @cached_property
    def tags_with_defaults(self) -> list[str]:
        return tenant_defaults.tags_with_defaults()

    @cached_property
    def known_tags(self) -> Mapping[str, str]:
        return tags.known(None)

    @property
    def watching(self) -> str:
        if self.given:
            return self.given.get("watching", "")
        return "" if self.row.is_watched is None else "yes" if self.row.is_watched else "no"

    @property
    def watch_minutes(self) -> str:
        return self.given.get("watch_minutes", "") if self.given else str(self.row.watch_minutes or "")

    @property
    def schedule_form(self) -> ScheduleForm:
        if self.given or not self.row.cron:
            return read_form(self.given)
        return from_rule(self.row.cron, self.row.time_zone, bool(self.row.is_full))

    @property
    def has_schedule(self) -> bool:
        return self.given.get("has_schedule") == "yes" if self.given else bool(self.row.cron)

    @property
    def has_retention(self) -> bool:
        return self.given.get("has_retention") == "yes" if self.given else bool(self.row.retention)

    @property
    def retention(self) -> Mapping[str, Any]:
        return self.given or self.row.retention or PROPOSED_RETENTION

    @property
    def full_every_days(self) -> str:
        return self.given.get("full_every_days", "") if self.given else str(self.row.full_every_days or "")

    @property
    def tags(self) -> str:
        return self.given.get("tags", "") if self.given else ", ".join(self.row.tags or ())

    @property
    def members(self) -> str:
        """One a line: a role, and an e-mail address."""
        lines = (f"{role} {email}" for email, role in sorted((self.row.members or {}).items()))
        return self.given.get("members", "") if self.given else "\n".join(lines)

    @property
    def emergency_note(self) -> str:
        return self.given.get("emergency_note", "") if self.given else self.row.emergency_note or ""


@pages.get("")
@requires(Permission.ADMINISTER)
def page() -> Any:
    """`tag`: those of a tag, in place of the installation's."""
    try:
        return _page(_tag(request.args.get("tag", "")))
    except Invalid as e:
        flash(str(e), "danger")
        return _page(""), 400


def _tag(text: str) -> str:
    """Return the tag that was typed, "" for none. Raises Invalid."""
    return tags.parse_one(without_nul(text)) if text.strip() else ""


def _page(tag: str) -> str:
    return render_template("fleet/defaults.html", page=DefaultsPage(tenant_defaults.of_tag(tag), request.form))


@pages.post("")
@requires(Permission.ADMINISTER)
def change() -> Any:
    tag = ""
    try:
        tag = _tag(request.form.get("tag", ""))
        is_changed = tenant_defaults.set_defaults(_read_columns(), current_actor(), tag)
    except Invalid as e:
        flash(str(e), "danger")
        return _page(tag), 400
    flash("Saved. New tenants get this; those that are there stay as they are." if is_changed else "Nothing changed.",
          "success")  # fmt: skip
    return redirect(url_for("new_tenant_defaults.page", tag=tag or None), 303)


@pages.post("/follow/<tenant_id>")
@requires(Permission.ADMINISTER)
def follow(tenant_id: str) -> Any:
    tenant = fetch(Tenant, tenant_id, Permission.ADMINISTER)
    with refusals_flashed():
        found = tenant_defaults.follow(tenant, current_actor())
        parts = ", ".join(difference.part for difference in found)
        flash(f"{tenant.name} follows the defaults again: {parts}." if found else "Nothing changed.", "success")
    return redirect(url_for("tenants.page", tenant_id=tenant.id), 303)


def _read_columns() -> dict[str, Any]:
    """Raises Invalid."""
    form, schedule = request.form, read_form(request.form)
    has_schedule, days = form.get("has_schedule") == "yes", form_text("full_every_days", 10)
    return {
        "cron": schedules.validate_cron(schedule.rule, schedule.time_zone) if has_schedule else None,
        "time_zone": schedule.time_zone if has_schedule else None,
        "is_full": schedule.is_full and has_schedule,
        "retention": asdict(RetentionRules.parse(form)) if form.get("has_retention") == "yes" else None,
        "full_every_days": tenants.parse_full_every(days) if days else None,
        "is_watched": {"yes": True, "no": False}.get(form.get("watching", "")),
        "watch_minutes": watches.parse_interval(form_text("watch_minutes", 10)),
        "members": _parse_members(without_nul(form.get("members", ""))),
        "tags": tags.parse(form.get("tags", "")) or None,
        "emergency_note": form_text("emergency_note", MAX_NOTE) or None,
    }


def _parse_members(text: str) -> dict[str, str] | None:
    """Read members, one a line. Raises Invalid."""
    lines = [line.split() for line in text.splitlines() if line.strip()]
    if len(lines) > MAX_MEMBERS:
        raise Invalid(f"Name at most {MAX_MEMBERS} members.")
    members: dict[str, str] = {}
    for words in lines:
        user = users.find_by_email(words[1]) if len(words) == 2 else None
        if words[0].lower() not in set(Role):
            raise Invalid(f"Begin each line with a role: reader, operator or manager; not “{words[0][:40]}”.")
        if user is None:
            raise Invalid(f"Nobody here has the e-mail address “{' '.join(words[1:])[:100]}”.")
        members[user.email] = words[0].lower()
    return members or None
