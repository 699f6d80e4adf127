"""`/search`: one search over everything that a person may see, as a page and, over any page, for the keyboard."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from flask import Blueprint, Flask, render_template, request, url_for
from markupsafe import Markup

from actors.facade.setting_words import setting_words
from db.models import BackupSet, Policy, Restore, Run, Tenant
from db.names import finder, work_names
from db.names.work_names import Name
from db.policies import settings_search
from web.inputs import without_nul
from web.lists import filters, opened_lately
from web.presentation.formatters import count_policies, kind_title
from web.presentation.links import name_html, page_of
from web.security.access import allowed_tenant_ids, can, requires
from web.security.permissions import Permission
from web.translation.languages import current_language
from web.translation.sentences import translated
from web.views.installation.search_acts import FoundAct, find_acts

pages = Blueprint("search", __name__, url_prefix="/search")

LONGEST = 100
# Of so many settings that hold the words, those are shown that most policies set.
SETTINGS_LOOKED_AT = 40


@dataclass(frozen=True)
class Hit:
    """`beside`: what tells it from another of the same name. `is_act`: a POST to its address does something."""

    address: str
    label: str | Markup
    beside: str = ""
    icon: str = "file-text-o"
    is_act: bool = False


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
    KnownPage(
        "assignment_list.index_view", "Assignments", Permission.SEE, "who gets what groups users devices filters"
    ),
    KnownPage("look_up.index", "Look up a person or device", Permission.OPERATE, "who gets what effective policies"),
    KnownPage("settings.page", "Policy settings", Permission.SEE, "which policies set this setting values words"),
    KnownPage("conflicts.choose", "Settings in conflict", Permission.SEE, "conflicts same setting set differently"),
    KnownPage("change_list.index_view", "Changes", Permission.SEE, "drift open approve accept who changed"),
    KnownPage("channels.index", "Channels", Permission.SIGNED_IN, "mail teams slack webhook notices rules"),
    KnownPage("comparisons.page", "Compare two sets or tenants", Permission.SEE, "difference comparison"),
    KnownPage("tokens.index", "API tokens", Permission.SIGNED_IN, "programs scripts rest keys"),
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
        HitGroup("Acts", [_act_hit(act) for act in find_acts(asked)]),
        HitGroup("Tenants", [_hit(row) for row in found.tenants]),
        HitGroup("Pages", _page_hits(asked)),
        HitGroup("Policies", [_hit(row) for row in found.policies]),
        HitGroup("Policy settings", _setting_hits(asked, ids)),
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


def _act_hit(found: FoundAct) -> Hit:
    beside = found.row.tenant.name if found.act.is_of_policy else ""
    label = f"{translated(found.act.verb)}: {found.row.name}"
    return Hit(found.act.address_for(found.row), label, beside, found.act.icon, is_act=True)


def _setting_hits(asked: str, ids: Sequence[int] | None) -> list[Hit]:
    """Return settings that are called so, and how many policies set each."""
    found = settings_search.find(asked.split(), ids, SETTINGS_LOOKED_AT)[: finder.SHOWN]
    words = setting_words([hit.setting.key for hit in found], current_language())
    return [
        Hit(
            url_for("settings.setting", key=hit.setting.key, tenant=filters.EVERY_TENANT),
            words.title(hit.setting.key, hit.setting.title),
            count_policies(hit.policies),
            "sliders",
        )
        for hit in found
    ]


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
