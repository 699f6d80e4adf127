"""`/tenants/acts`: one act on many tenants. Choose it, see what it will do and where not, press once, read the result.

Nothing is written before the press. It looks again at every tenant: what became so meanwhile is left as it is, and a
second press does nothing.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for

from db.accounts import users
from db.errors import Invalid
from db.models import Tenant
from db.states import Role, RunKind
from web.presentation.formatters import count_text
from web.security.access import can, current_actor, requires
from web.security.permissions import Permission
from web.translation.sentences import translated, translated_markup
from web.views.fleet import chosen_tenants
from web.views.fleet.acts import ACTS, ActResult, TenantAct, Wish
from web.views.fleet.chosen_tenants import ChosenTenants
from web.views.tenants.schedule_form import ScheduleForm, read_form

pages = Blueprint("tenant_acts", __name__, url_prefix="/tenants/acts")

PROPOSED_RETENTION = {"last": "7", "daily": "14", "weekly": "8", "monthly": "12"}
NAMES_SHOWN = 20
MOST_PEOPLE = 500
NEEDED = {
    Permission.OPERATE: "you are no operator or manager there",
    Permission.MANAGE: "you are no manager there",
    Permission.ADMINISTER: "only an admin may do this",
}


@dataclass(frozen=True)
class ActsPage:
    """The acts to choose from. `given` is what was typed and refused, for the act `open_code`."""

    chosen: ChosenTenants
    given: Mapping[str, str]
    open_code: str = ""

    @property
    def acts(self) -> list[TenantAct]:
        """The acts that the person may do in some tenant."""
        return [act for act in ACTS.values() if can(act.permission)]

    @property
    def schedule_form(self) -> ScheduleForm:
        return read_form(self.given)

    @property
    def retention(self) -> Mapping[str, str]:
        return self.given if "last" in self.given else PROPOSED_RETENTION

    @property
    def emails(self) -> list[str]:
        return [user.email for user in users.all_by_email(MOST_PEOPLE)]

    @property
    def roles(self) -> list[Role]:
        return list(Role)


@pages.get("")
@requires(Permission.OPERATE)
def choose() -> str:
    return _acts_page(request.args.get("act", ""))


def _acts_page(open_code: str) -> str:
    page = ActsPage(chosen_tenants.from_address(), request.args, open_code)
    return render_template("fleet/acts.html", page=page)


@pages.post("")
@requires(Permission.OPERATE)
def tick() -> Any:
    """Take the ticked rows of the list to the page of acts."""
    ids = chosen_tenants.from_ticks(request.form)
    chosen = chosen_tenants.from_ids(ids)
    if not chosen.tenants:
        flash("Tick at least one tenant.", "warning")
        return redirect(url_for("tenant_list.index_view"), 303)
    return redirect(url_for("tenant_acts.choose", chosen=ids), 303)


@dataclass(frozen=True)
class TenantsLeftOut:
    """Tenants that an act keeps away from, for one reason."""

    why: str
    tenants: list[Tenant]

    @property
    def names(self) -> str:
        names = ", ".join(tenant.name for tenant in self.tenants[:NAMES_SHOWN])
        return f"{names} and {len(self.tenants) - NAMES_SHOWN} more" if len(self.tenants) > NAMES_SHOWN else names


@dataclass(frozen=True)
class PreviewPage:
    act: TenantAct
    wish: Wish
    chosen: ChosenTenants
    tenants: list[Tenant]
    left_out: list[TenantsLeftOut]

    @property
    def values(self) -> dict[str, str]:
        """Fields of the press: the act as it was typed, and just the tenants that the page counts."""
        typed = {name: value for name, value in request.args.items() if name not in self.chosen.args}
        return typed | {"act": self.act.code, chosen_tenants.CHOSEN: chosen_tenants.join_ids(self.tenants)}

    @property
    def back(self) -> str:
        """The address of the acts, with what was typed."""
        args: dict[str, Any] = dict(request.args)
        return url_for("tenant_acts.choose", **args)

    @property
    def names(self) -> str:
        return TenantsLeftOut("", self.tenants).names


@pages.get("/preview")
@requires(Permission.OPERATE)
def preview() -> Any:
    if "act" not in request.args:
        return redirect(url_for("tenant_acts.choose"), 303)
    act, chosen = _act(request.args.get("act", "")), chosen_tenants.from_address()
    try:
        wish = act.read(request.args, chosen.tenants)
    except Invalid as e:
        flash(str(e), "danger")
        return _acts_page(act.code), 400
    tenants, left_out = _parted(act, wish, chosen.tenants)
    return render_template("fleet/preview.html", page=PreviewPage(act, wish, chosen, tenants, left_out))


def _act(code: str) -> TenantAct:
    act = ACTS.get(code)
    if act is None:
        abort(404)
    return act


def _parted(act: TenantAct, wish: Wish, tenants: list[Tenant]) -> tuple[list[Tenant], list[TenantsLeftOut]]:
    """Part those to which the act will be done from those that it leaves out, by the reason."""
    reasons: dict[str, list[Tenant]] = {}
    for tenant in tenants:
        reasons.setdefault(_why_not(act, wish, tenant), []).append(tenant)
    done = reasons.pop("", [])
    return done, [TenantsLeftOut(why, left) for why, left in reasons.items()]


def _why_not(act: TenantAct, wish: Wish, tenant: Tenant) -> str:
    if not can(act.permission, tenant.id):
        return NEEDED[act.permission]
    return "it is being removed" if tenant.removing_since else wish.why_not(tenant)


@pages.post("/do")
@requires(Permission.OPERATE)
def do() -> Any:
    """Do it to each tenant in a transaction of its own, and say to how many it was done."""
    act, chosen = _act(request.form.get("act", "")), chosen_tenants.from_ids(request.form.get("chosen", ""))
    try:
        wish = act.read(request.form, chosen.tenants)
    except Invalid as e:
        flash(str(e), "danger")
        return redirect(url_for("tenant_list.index_view"), 303)
    tenants, left_out = _parted(act, wish, chosen.tenants)
    results, refused = _done_to_each(tenants, wish.do)
    results[ActResult.ALREADY] += sum(len(left.tenants) for left in left_out)
    _flash_results(act, wish, results)
    for why in dict.fromkeys(refused):
        flash(f"Left out: {count_text(refused.count(why), 'tenant')}. {why}", "warning")
    return redirect(url_for("tenant_list.index_view"), 303)


def _done_to_each(
    tenants: list[Tenant], act: Callable[[Tenant, Any], ActResult]
) -> tuple[Counter[ActResult], list[str]]:
    results: Counter[ActResult] = Counter()
    refused: list[str] = []
    actor = current_actor()
    for tenant in tenants:
        try:
            results[act(tenant, actor)] += 1
        except Invalid as e:
            refused.append(str(e))
    return results, refused


def _flash_results(act: TenantAct, wish: Wish, results: Counter[ActResult]) -> None:
    done = results[ActResult.DONE]
    sentence = f"{wish.words}: done for {count_text(done, 'tenant')}."
    if results[ActResult.ASKED]:
        sentence += f" {count_text(results[ActResult.ASKED], 'tenant')} waiting for a second person."
    if results[ActResult.ALREADY]:
        sentence += f" {count_text(results[ActResult.ALREADY], 'tenant')} left as they were."
    if act.code != "back-up":
        flash(sentence, "success" if done or results[ActResult.ASKED] else "warning")
        return
    if done:
        sentence += f" {wish.note}"
    address = url_for("run_list.index_view", tenant="all", kind=RunKind.BACK_UP)
    flash(
        translated_markup('{} <a class="alert-link" href="{}">View runs</a>').format(translated(sentence), address),
        "success",
    )
