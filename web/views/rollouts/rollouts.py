"""`/rollouts/` and `/rollouts/<id>`: what a version does to the tenants of a ring, confirmed once and carried out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

import config
from actors.rollouts import rolling_out, soaking, tenant_plans
from actors.rollouts.soaking import RingOffer
from db.errors import Invalid
from db.models import RollOut, RollOutTenant, Standard, StandardVersion
from db.rollouts import rollout_tenants, rollouts, taking_up
from db.standards import versions
from db.states import Ring, RollOutKind, RollOutState, RollOutTenantState
from web.acts import rollout_access, standard_access
from web.inputs import page_number
from web.lists.numbered_page import NumberedPage
from web.presentation.refusals import refusals_flashed
from web.security.access import can, current_actor, requires
from web.security.permissions import Permission
from web.views.rollouts.objections import ObjectionForms

pages = Blueprint("rollouts", __name__)

S, T = RollOutState, RollOutTenantState
SHOWN, LAST_PAGE = 10, 999
# Conflicts that one tenant's row names.
CONFLICTS_SHOWN = 3
# What needs eyes comes first.
_URGENT = (T.FAILED, T.OBJECTED, T.WRITING, T.UNDOING, T.PREVIEWING, T.WAITING, T.PREVIEWED, T.LEFT_OUT)
ROLLOUTS_SHOWN, VERSIONS_SHOWN = 25, 100


class ListedRollouts(NumberedPage):
    """A page of roll-outs, the newest first: of one standard, or of all."""

    standard: Standard | None

    @cached_property
    def _found(self) -> list[RollOut]:
        """One more than are shown, where there are more."""
        tenant_ids, before = standard_access.seen_tenant_ids(), self.number * ROLLOUTS_SHOWN
        return rollouts.listed(tenant_ids, ROLLOUTS_SHOWN + 1, self.standard, before)

    @property
    def rows(self) -> list[RollOut]:
        return self._found[:ROLLOUTS_SHOWN]

    @property
    def has_more(self) -> bool:  # type: ignore[override]
        return len(self._found) > ROLLOUTS_SHOWN


@dataclass(frozen=True)
class RolloutsPage(ListedRollouts):
    """The roll-outs of all standards."""

    number: int
    standard: None = None

    def address_of(self, number: int) -> str:
        return url_for("rollouts.index", page=number)


@dataclass(frozen=True)
class RolloutPage(NumberedPage):
    """A roll-out with those of its tenants that the reader may see. `typed`: what was refused, to be typed again."""

    rollout: RollOut
    parts: list[RollOutTenant]
    is_whole: bool
    number: int
    typed: Mapping[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> list[RollOutTenant]:
        in_order = sorted(self.parts, key=_urgency)
        return in_order[self.number * SHOWN : (self.number + 1) * SHOWN]

    @property
    def has_more(self) -> bool:  # type: ignore[override]
        return len(self.parts) > (self.number + 1) * SHOWN

    def address_of(self, number: int) -> str:
        return url_for("rollouts.page", rollout_id=self.rollout.id, page=number)

    @property
    def is_planned(self) -> bool:
        return bool(self.rollout.state == S.PREVIEWED)

    @property
    def is_moving(self) -> bool:
        return self.rollout.state in rollouts.AT_WORK

    @property
    def states(self) -> dict[str, int]:
        """State -> how many of the tenants that are shown, in the order of the states."""
        found = [part.state for part in self.parts]
        return {str(state): found.count(state) for state in RollOutTenantState if state in found}

    @cached_property
    def counts(self) -> dict[str, int]:
        """Action or outcome -> policies, without what are no items."""
        total = rollout_tenants.total_counts(self.parts)
        return {name: count for name, count in total.items() if count and name not in tenant_plans.NO_ITEMS}

    @property
    def count_conflicts(self) -> int:
        return sum(len(part.conflicts) for part in self.parts)

    @property
    def count_planned(self) -> int:
        """The tenants whose plans are carried out once it is confirmed, also those that have everything already."""
        return sum(part.state == T.PREVIEWED for part in self.parts)

    @property
    def count_written(self) -> int:
        return sum(part.state == T.PREVIEWED and tenant_plans.writes_anything(part.counts) for part in self.parts)

    @property
    def count_without_plan(self) -> int:
        return sum(part.state in (T.FAILED, T.LEFT_OUT, T.OBJECTED) for part in self.parts)

    @property
    def weaker(self) -> int:
        return sum(part.counts.get(tenant_plans.WEAKER, 0) for part in self.parts)

    @property
    def unsure(self) -> int:
        return sum(part.counts.get(tenant_plans.UNSURE, 0) for part in self.parts)

    @property
    def fingerprint(self) -> str:
        return rollout_tenants.plans_fingerprint(rollout_tenants.planned(self.rollout))

    @property
    def asked_by(self) -> str:
        """The name of who asked, for those who see the whole of it."""
        return self.rollout.asked_by.name if self.is_whole and self.rollout.asked_by else ""

    @property
    def confirmed_by(self) -> str:
        return self.rollout.confirmed_by.name if self.is_whole and self.rollout.confirmed_by else ""

    # --- what may be done --------------------------------------------------------------------------------------------

    @property
    def may_approve(self) -> bool:
        return can(Permission.APPROVE_STANDARDS)

    @property
    def is_anothers_turn(self) -> bool:
        """Tell whether somebody else has to confirm it, for the reader asked for it."""
        is_asker = current_actor().user_id == self.rollout.asked_by_id
        return config.settings().rollout_four_eyes and is_asker

    @property
    def can_confirm(self) -> bool:
        is_planned = self.rollout.state == S.PREVIEWED and self.count_planned > 0
        return self.may_approve and is_planned and not self.is_anothers_turn

    @property
    def can_plan_again(self) -> bool:
        return can(Permission.EDIT_STANDARDS) and self.rollout.state == S.PREVIEWED

    @property
    def can_take_up(self) -> bool:
        return can(Permission.EDIT_STANDARDS) and taking_up.can_take_up(self.rollout)

    @property
    def can_pause(self) -> bool:
        return self.may_approve and self.rollout.state == S.RUNNING

    @property
    def can_go_on(self) -> bool:
        return self.may_approve and self.rollout.state == S.PAUSED

    @property
    def can_stop(self) -> bool:
        may = self.may_approve or (can(Permission.EDIT_STANDARDS) and self.rollout.confirmed_at is None)
        return may and self.rollout.state in (S.PREVIEWING, S.PREVIEWED, S.RUNNING, S.PAUSED)

    @property
    def can_roll_back(self) -> bool:
        has_written = any(part.state in rollout_tenants.WRITTEN for part in self.parts)
        return self.may_approve and self.rollout.state in rollouts.MAY_ROLL_BACK and has_written

    def objecting(self, part: RollOutTenant) -> ObjectionForms:
        return ObjectionForms(self.rollout, part)

    def may_see(self, part: RollOutTenant) -> bool:
        """Tell whether the reader may open the tenant's restore: what its policies hold is the tenant's own."""
        return can(Permission.SEE, part.tenant_id)

    def has_left(self, part: RollOutTenant) -> bool:
        """Tell whether its restore's page leads on: a roll-out goes on only in tenants where no writing began."""
        return part.state == T.FAILED and part.restore_id is not None and self.may_see(part)

    def conflicts_of(self, part: RollOutTenant) -> list[Mapping[str, str]]:
        """The first of what another hand changed, for whoever may see the tenant's policies."""
        return list(part.conflicts[:CONFLICTS_SHOWN]) if self.may_see(part) else []


def _urgency(part: RollOutTenant) -> tuple[int, int, int, str]:
    rank = _URGENT.index(part.state) if part.state in _URGENT else len(_URGENT)
    danger = part.counts.get("held_back", 0) + part.counts.get(tenant_plans.WEAKER, 0)
    return rank, -danger, -part.counts.get("blocked", 0), part.tenant.name.casefold()


def show(rollout: RollOut, typed: Mapping[str, str] | None = None) -> str:
    tenant_ids = standard_access.seen_tenant_ids()
    parts = rollout_access.parts_of(rollout, tenant_ids)
    page = RolloutPage(rollout, parts, tenant_ids is None, page_number(LAST_PAGE), typed or {})
    return render_template("rollouts/page.html", page=page)


@pages.get("/rollouts/")
@requires(Permission.SEE_STANDARDS)
def index() -> str:
    return render_template("rollouts/index.html", page=RolloutsPage(page_number(LAST_PAGE)))


@pages.get("/rollouts/<rollout_id>")
@requires(Permission.SEE_STANDARDS)
def page(rollout_id: str) -> str:
    return show(rollout_access.fetch_rollout(rollout_id))


# --- asking ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class AskPage(ListedRollouts):
    """The roll-outs of a standard so far, and what may go where next."""

    standard: Standard
    version: StandardVersion | None
    versions: list[StandardVersion]
    number: int

    def address_of(self, number: int) -> str:
        chosen = self.version.number if self.version else None
        return url_for("rollouts.of_standard", standard_id=self.standard.id, version=chosen, page=number)

    @property
    def is_whole(self) -> bool:
        return standard_access.seen_tenant_ids() is None

    @property
    def offers(self) -> list[RingOffer]:
        """The next steps, and why not yet: that counts policies of every tenant, so it is for who sees them all."""
        return soaking.offers(self.standard, self.version) if self.version and self.is_whole else []

    @property
    def may_ask(self) -> bool:
        return can(Permission.EDIT_STANDARDS)


@pages.get("/standards/<standard_id>/roll-outs")
@requires(Permission.SEE_STANDARDS)
def of_standard(standard_id: str) -> str:
    """Show what may be rolled out next, of the newest version or the one that `version` names."""
    standard = standard_access.fetch_standard(standard_id)
    of_it = versions.newest_first(standard, VERSIONS_SHOWN)
    wanted = request.args.get("version", "")
    chosen = next((row for row in of_it if str(row.number) == wanted), of_it[0] if of_it else None)
    return render_template("rollouts/of_standard.html", page=AskPage(standard, chosen, of_it, page_number(LAST_PAGE)))


@pages.post("/standards/<standard_id>/roll-outs")
@requires(Permission.EDIT_STANDARDS)
def ask(standard_id: str) -> Response:
    """Ask for a roll-out: it is planned for each tenant of the ring, and nothing is written until it is confirmed."""
    standard, form = standard_access.fetch_standard(standard_id), request.form
    try:
        version = _version(standard, form.get("version", ""))
        ring, kind = _choice(Ring, form.get("ring", "")), _choice(RollOutKind, form.get("kind", "roll_out"))
        early = form.get("early", "")
        rollout = rolling_out.ask(standard, version, ring, current_actor(), kind=kind, early=early)
    except Invalid as e:
        flash(str(e), "danger")
        return redirect(url_for("rollouts.of_standard", standard_id=standard.id, version=form.get("version")), 303)
    flash("It is planned for each tenant of the ring now. Nothing is written before it is confirmed.", "success")
    return redirect(url_for("rollouts.page", rollout_id=rollout.id), 303)


def _version(standard: Standard, number: str) -> StandardVersion:
    version = versions.of_number(standard, int(number)) if number.isdecimal() and len(number) < 10 else None
    if version is None:
        raise Invalid(f"“{standard.name}” has no version {number[:20]}.")
    return version


def _choice(kinds: Any, text: str) -> Any:
    if text not in list(kinds):
        raise Invalid(f"Choose one of these: {', '.join(kinds)}.")
    return kinds(text)


# --- acts ------------------------------------------------------------------------------------------------------------


@pages.post("/rollouts/<rollout_id>/confirm")
@requires(Permission.APPROVE_STANDARDS)
def confirm(rollout_id: str) -> Any:
    rollout, form = rollout_access.fetch_rollout(rollout_id), request.form
    try:
        said = {"tenants": form.get("count", ""), "plan": form.get("plan", "")}
        rolling_out.confirm(rollout, current_actor(), form.get("reason", ""), **said)
    except Invalid as e:
        flash(str(e), "danger")
        return show(RollOut.get_by_id(rollout.id), form), 400
    flash("Confirmed. It goes on by itself, some tenants at a time.", "success")
    return _back(rollout)


@pages.post("/rollouts/<rollout_id>/preview")
@requires(Permission.EDIT_STANDARDS)
def preview_again(rollout_id: str) -> Response:
    return _act(rollout_id, lambda rollout: rolling_out.preview_again(rollout, current_actor()), "It is planned again.")


@pages.post("/rollouts/<rollout_id>/pause")
@requires(Permission.APPROVE_STANDARDS)
def pause(rollout_id: str) -> Response:
    said = "Paused. What was begun in a tenant goes on to its end."
    return _act(rollout_id, lambda rollout: rolling_out.pause(rollout, current_actor()), said)


@pages.post("/rollouts/<rollout_id>/go-on")
@requires(Permission.APPROVE_STANDARDS)
def go_on(rollout_id: str) -> Response:
    return _act(rollout_id, lambda rollout: rolling_out.go_on(rollout, current_actor()), "It goes on.")


@pages.post("/rollouts/<rollout_id>/take-up")
@requires(Permission.EDIT_STANDARDS)
def take_up(rollout_id: str) -> Response:
    """Plan it anew for the tenants that are left since it stopped."""
    said = "It is planned anew for the tenants that are left. Nothing is written before it is confirmed."
    return _act(rollout_id, lambda rollout: rolling_out.take_up(rollout, current_actor()), said)


@pages.post("/rollouts/<rollout_id>/stop")
@requires(Permission.EDIT_STANDARDS)
def stop(rollout_id: str) -> Response:
    """Stop it. Until it is confirmed an editor may, too."""
    reason = request.form.get("reason", "")

    def act(rollout: RollOut) -> None:
        rollout_access.require_may_stop(rollout)
        rolling_out.stop(rollout, current_actor(), reason)

    return _act(rollout_id, act, "Stopped. What was written stays as it is.")


@pages.post("/rollouts/<rollout_id>/roll-back")
@requires(Permission.APPROVE_STANDARDS)
def roll_back(rollout_id: str) -> Response:
    reason = request.form.get("reason", "")
    said = "It is rolled back: each tenant’s restore is undone, the newest first."
    return _act(rollout_id, lambda rollout: rolling_out.roll_back(rollout, current_actor(), reason), said)


def _act(rollout_id: str, act: Callable[[RollOut], None], said: str) -> Response:
    rollout = rollout_access.fetch_rollout(rollout_id)
    with refusals_flashed():
        act(rollout)
        flash(said, "success")
    return _back(rollout)


def _back(rollout: RollOut) -> Response:
    return redirect(url_for("rollouts.page", rollout_id=rollout.id), 303)
