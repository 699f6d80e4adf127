"""`/changes/rules/`: how grave a change is, by rules that everybody reads and admins change; `/changes/ignored/`."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from markupsafe import Markup

from actors.facade import policy_type_names, severity_words
from actors.facade.severity_words import RuleLine
from db.changes import ignored_fields, severity_rules
from db.errors import Invalid
from db.models import Change, IgnoredField
from db.states import Severity
from web.inputs import form_text
from web.presentation.refusals import refusals_flashed
from web.security.access import allowed_tenant_ids, can, current_actor, deny, fetch, parse_row_id, requires
from web.security.permissions import Permission

pages = Blueprint("change_rules", __name__, url_prefix="/changes")


@dataclass(frozen=True)
class RulesPage:
    rules: list[RuleLine]

    @property
    def severities(self) -> list[str]:
        return [str(severity) for severity in Severity]

    @property
    def types(self) -> dict[str, str]:
        return policy_type_names.titles()

    @property
    def can_administer(self) -> bool:
        return can(Permission.ADMINISTER)


@pages.get("/rules/")
@requires(Permission.SEE)
def rules() -> str:
    return render_template("changes/rules.html", page=RulesPage(severity_words.all_rules()))


@pages.post("/rules/")
@requires(Permission.ADMINISTER)
def set_rule() -> Any:
    """Set a built-in rule, add one, or remove what was set, by the button that was pressed."""
    name, severity, actor = form_text("name", 80), form_text("severity", 10), current_actor()
    with refusals_flashed():
        if request.form.get("act") == "remove":
            severity_rules.remove(name, actor)
        elif name:
            if name not in [rule.name for rule in severity_words.all_rules() if rule.came_with]:
                raise Invalid("There is no such rule.")
            severity_rules.set_built_in(name, severity, actor, is_active=request.form.get("is_active") == "yes")
        else:
            severity_rules.add_own(form_text("policy_type", 80), form_text("path", 500), severity, actor)
        flash("Saved. Changes that are seen from now on are assessed so.", "success")
    return redirect(url_for("change_rules.rules"), 303)


@dataclass(frozen=True)
class IgnoredPage:
    fields: list[IgnoredField]

    def title(self, field: IgnoredField) -> str:
        return policy_type_names.title(field.policy_type)

    def can_remove(self, field: IgnoredField) -> bool:
        return can(Permission.MANAGE, field.tenant_id) if field.tenant_id else can(Permission.ADMINISTER)


@pages.get("/ignored/")
@requires(Permission.SEE)
def ignored() -> str:
    fields = ignored_fields.seen_by(allowed_tenant_ids(Permission.SEE))
    return render_template("changes/ignored.html", page=IgnoredPage(fields))


@pages.post("/ignored/")
@requires(Permission.SEE)
def remove_ignored() -> Any:
    """Let a place count again: of a tenant by its managers, of every tenant by an admin."""
    number = parse_row_id(request.form.get("ignored", ""))
    field = ignored_fields.find(number) if number else None
    if field is None:
        abort(404)
    if field.tenant_id:
        fetch(IgnoredField, field.id, Permission.MANAGE)
    elif not can(Permission.ADMINISTER):
        deny(Permission.ADMINISTER)
    ignored_fields.remove(field, current_actor())
    flash("It counts again. Changes of this policy type are assessed anew.", "success")
    undone_at = parse_row_id(request.form.get("change", ""))
    back = url_for("changes.page", change_id=undone_at) if undone_at else url_for("change_rules.ignored")
    return redirect(back, 303)


@pages.post("/<change_id>/ignore")
@requires(Permission.MANAGE)
def ignore(change_id: str) -> Any:
    """Ignore one of the places in which a change differs, in its tenant, from now on."""
    change = fetch(Change, change_id, Permission.MANAGE)
    path = form_text("path", 500)
    with refusals_flashed():
        field = ignored_fields.add_of_change(change, path, current_actor())
        flash(Markup(render_template("changes/_ignored.html", field=field, change=change)), "success")  # noqa: S704 - ours
    return redirect(url_for("changes.page", change_id=change.id), 303)
