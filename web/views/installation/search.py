"""`/search`: one search over everything that a person may see, as a page and, over any page, for the keyboard."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from flask import Blueprint, Flask, render_template, request, url_for
from markupsafe import Markup

from db.models import BackupSet, Policy, Restore, Run, Tenant
from db.names import finder, work_names
from db.names.work_names import Name
from web.inputs import without_nul
from web.lists import opened_lately
from web.presentation.formatters import kind_title
from web.presentation.links import name_html, page_of
from web.security.access import allowed_tenant_ids, can, requires
from web.security.permissions import Permission

pages = Blueprint("search", __name__, url_prefix="/search")

LONGEST = 100


@dataclass(frozen=True)
class Hit:
    """`beside`: what tells it from another of the same name."""

    address: str
    label: str | Markup
    beside: str = ""
    icon: str = "file-text-o"


@dataclass(frozen=True)
class HitGroup:
    title: str
    hits: Sequence[Hit]


@dataclass(frozen=True)
class KnownPage:
    endpoint: str
    title: str
    permission: Permission
    # Words of what is on it, in which somebody may look for it.
    words: str = ""


PAGES = (
    KnownPage("admin.index", "Dashboard", Permission.SIGNED_IN, "home start overview attention failures chart"),
    KnownPage("tenant_list.index_view", "Tenants", Permission.SEE, "customers standing late backup tags"),
    KnownPage("policy_list.index_view", "Policies", Permission.SEE, "conditional access compliance settings catalog"),
    KnownPage("backup_set_list.index_view", "Backup sets", Permission.SEE, "backups download protect pin zip"),
    KnownPage("restore_list.index_view", "Restores", Permission.SEE, "undo approve preview"),
    KnownPage("new_restore.page", "New restore", Permission.OPERATE, "upload file zip bring back"),
    KnownPage("run_list.index_view", "Runs", Permission.SEE, "failed retry progress history jobs"),
    KnownPage("schedules.index", "Schedules", Permission.SEE, "nightly cron every night time zone automatic"),
    KnownPage("notifications.index", "Notifications", Permission.SIGNED_IN, "bell news unread"),
    KnownPage("audit.index", "Audit log", Permission.AUDIT, "who did what events export secrets seen refused proof"),
    KnownPage("users.index", "Users", Permission.ADMINISTER, "people roles members invite add admin auditor"),
    KnownPage("entra_grants.index", "Roles from Entra ID", Permission.ADMINISTER, "groups app roles grants sign-in"),
    KnownPage(
        "account.page",
        "Your account",
        Permission.SIGNED_IN,
        "password passkey codes authenticator second factor language sessions sign out everywhere recovery",
    ),
    KnownPage("tenant_choice.page", "Choose a tenant", Permission.SEE, "switch filter lists"),
)
# The letter of what was opened lately -> its table, its icon.
_KINDS: dict[str, tuple[Any, str]] = {
    "t": (Tenant, "building-o"),
    "p": (Policy, "file-text-o"),
    "b": (BackupSet, "archive"),
    "e": (Restore, "history"),
    "r": (Run, "play-circle-o"),
}


@dataclass(frozen=True)
class SearchPage:
    asked: str
    groups: list[HitGroup] = field(default_factory=list)

    @cached_property
    def count(self) -> int:
        return sum(len(group.hits) for group in self.groups)


def register(app: Flask) -> None:
    app.after_request(opened_lately.remember)


@pages.get("")
@requires(Permission.SIGNED_IN)
def page() -> str:
    """Show a page of its own, or with `part` what opens over another page."""
    asked = without_nul(request.args.get("q", "")).strip()[:LONGEST]
    groups = _found(asked) if asked else [HitGroup("Opened lately", _recent_hits()), HitGroup("Pages", _page_hits(""))]
    template = "search/_found.html" if request.args.get("part") else "search/page.html"
    return render_template(template, page=SearchPage(asked, [group for group in groups if group.hits]))


def _found(asked: str) -> list[HitGroup]:
    ids = allowed_tenant_ids(Permission.SEE)
    found = finder.find(asked, ids)
    return [
        HitGroup("Tenants", [_hit(row) for row in found.tenants]),
        HitGroup("Pages", _page_hits(asked)),
        HitGroup("Policies", [_hit(row) for row in found.policies]),
        HitGroup("Restores", _named_hits({row.id: row for row in found.restores}.values(), "history")),
        HitGroup("Runs", _named_hits(found.runs, "play-circle-o")),
        HitGroup("Backup sets", _named_hits({row.id: row for row in found.sets}.values(), "archive")),
        HitGroup("Snapshots", _named_hits(found.snapshots, "camera")),
    ]


def _hit(row: Any) -> Hit:
    if isinstance(row, Tenant):
        return Hit(url_for("tenants.page", tenant_id=row.id), row.name, "", "building-o")
    beside = f"{row.tenant.name} · {kind_title(row.policy_type)}"
    return Hit(url_for("policies.page", policy_id=row.id), row.name, beside)


def _named_hits(rows: Iterable[Any], icon: str) -> list[Hit]:
    listed = list(rows)
    names = work_names.names_of(listed)
    return [_named_hit(names[row.id], row.tenant.name, icon) for row in listed]


def _named_hit(name: Name, tenant: str, icon: str) -> Hit:
    return Hit(page_of(name), name_html(name), f"{tenant} · {name.kind} {name.number}", icon)


def _page_hits(asked: str) -> list[Hit]:
    words = asked.lower().split()
    return [
        Hit(url_for(known.endpoint), known.title, "", "window-maximize")
        for known in PAGES
        if can(known.permission) and all(_is_about(known, word) for word in words)
    ]


def _is_about(known: KnownPage, word: str) -> bool:
    """Does a word of the page begin so?"""
    return any(part.startswith(word) for part in f"{known.title.lower()} {known.words}".split())


# --- what was opened lately ------------------------------------------------------------------------------------------


def _recent_hits() -> list[Hit]:
    ids = allowed_tenant_ids(Permission.SEE)
    recent = opened_lately.things()
    rows: dict[tuple[str, int], Hit] = {}
    for letter, (model, icon) in _KINDS.items():
        numbers = [number for kind, number in recent if kind == letter]
        found = finder.rows_by_id(model, numbers, ids)
        is_plain = model in (Tenant, Policy)
        hits = map(_hit, found.values()) if is_plain else _named_hits(found.values(), icon)
        rows |= {(letter, number): hit for number, hit in zip(found, hits, strict=True)}
    return [rows[key] for key in recent if key in rows]
