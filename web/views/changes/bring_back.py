"""`/tenants/<id>/bring-back`: a whole tenant back to a moment, or what one intruder did to it, as one act."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

import actors.backups.look
from actors.changes import bringing_back
from actors.changes.bringing_back import WAVE_TITLES, Culprit, Damage, PolicyDamage
from db.errors import Invalid
from db.models import Tenant
from db.states import LaterChangeKind
from web.inputs import page_number, without_nul
from web.lists.numbered_page import NumberedPage
from web.presentation import run_messages
from web.presentation.formatters import policy_type_title
from web.security.access import can, current_actor, fetch, requires
from web.security.permissions import Permission
from web.views.changes.moment import address_time, asked_time
from web.views.restores.new_restore import previewed
from web.views.restores.tenant_look import TenantLook, tenant_look

pages = Blueprint("bring_back", __name__, url_prefix="/tenants")

SHOWN, LAST_PAGE, LONGEST_NAME, CULPRITS_SHOWN = 18, 999, 300, 12
WORDS = {LaterChangeKind.DELETED: "deleted", LaterChangeKind.CHANGED: "changed", LaterChangeKind.NEW: "added"}
LOOKS = {LaterChangeKind.DELETED: "bad", LaterChangeKind.CHANGED: "info", LaterChangeKind.NEW: "warn"}


@dataclass(frozen=True)
class WantedReturn:
    """A moment, in UTC, and whose deeds are meant; "": everybody's."""

    at: datetime
    by: str = ""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> "WantedReturn":
        """Raises Invalid for a text that is no time, and for a time yet to come. No time is a day ago."""
        at = asked_time(given.get("at", ""))
        return cls(at, without_nul(given.get("by", ""))[:LONGEST_NAME])

    @property
    def arguments(self) -> dict[str, Any]:
        return {"at": address_time(self.at), **({"by": self.by} if self.by else {})}


@dataclass(frozen=True)
class BringBackPage(NumberedPage):
    """The damage since a moment, and one page of it. `refusal`: why its time was not taken."""

    damage: Damage
    wanted: WantedReturn
    number: int
    look: TenantLook
    refusal: str = ""

    @property
    def tenant(self) -> Tenant:
        return self.damage.tenant

    @property
    def field_time(self) -> str:
        return self.wanted.at.replace(second=0, microsecond=0).isoformat(timespec="minutes")

    @cached_property
    def meant(self) -> Sequence[PolicyDamage]:
        return self.damage.deeds_of(self.wanted.by)

    @property
    def waves(self) -> list[tuple[str, list[PolicyDamage]]]:
        """Return (the wave's title, the deeds of it that this page shows), in the order of writing."""
        shown = self.meant[self.number * SHOWN :][:SHOWN]
        return [
            (title, [deed for deed in shown if deed.wave == number])
            for number, title in enumerate(WAVE_TITLES)
            if any(deed.wave == number for deed in shown)
        ]

    @property
    def has_waves(self) -> bool:
        """Tell whether there is more than one wave, on any of the pages: one alone needs no title."""
        return len({deed.wave for deed in self.meant}) > 1

    @property
    def counts(self) -> list[tuple[str, str, int]]:
        """Return (look, word, number) of each sort of deed."""
        counts = Counter(deed.kind for deed in self.meant)
        return [(LOOKS[kind], WORDS[kind], counts[kind]) for kind in WORDS if counts[kind]]

    @property
    def culprits(self) -> Sequence[Culprit]:
        return self.damage.culprits[:CULPRITS_SHOWN]

    @property
    def added(self) -> int:
        return sum(deed.kind == LaterChangeKind.NEW for deed in self.meant)

    @property
    def lost(self) -> int:
        """The number of policies of which nobody knows how they were."""
        return sum(not deed.is_possible for deed in self.meant)

    @property
    def has_more(self) -> bool:  # type: ignore[override]
        return len(self.meant) > (self.number + 1) * SHOWN

    @property
    def this_page(self) -> str:
        return self._address()

    def address_of(self, number: int) -> str:
        return self._address(page=number or None)

    def address_by(self, name: str) -> str:
        return self._address(by=name or None)

    def _address(self, **changed: Any) -> str:
        arguments = {name: value for name, value in {**self.wanted.arguments, **changed}.items() if value}
        return url_for("bring_back.page", tenant_id=self.tenant.id, **arguments)

    @cached_property
    def can_restore(self) -> bool:
        return bool(self.tenant.is_active) and can(Permission.OPERATE, self.tenant.id)

    def title_of(self, deed: PolicyDamage) -> str:
        return policy_type_title(deed.policy_type)

    def word_of(self, deed: PolicyDamage) -> tuple[str, str]:
        return LOOKS[deed.kind], WORDS[deed.kind]


@pages.get("/<tenant_id>/bring-back")
@requires(Permission.SEE)
def page(tenant_id: str) -> Any:
    tenant = fetch(Tenant, tenant_id, Permission.SEE)
    try:
        return _page(tenant, WantedReturn.of(request.args))
    except Invalid as e:
        return _page(tenant, WantedReturn.of({}), str(e)), 400


def _page(tenant: Tenant, wanted: WantedReturn, refusal: str = "") -> str:
    damage = bringing_back.find(tenant, wanted.at)
    return render_template(
        "changes/bring_back.html",
        page=BringBackPage(damage, wanted, page_number(LAST_PAGE), tenant_look(tenant), refusal),
    )


@pages.post("/<tenant_id>/bring-back/look")
@requires(Permission.OPERATE)
def look(tenant_id: str) -> Any:
    """Start a look at the tenant, which writes nothing to it."""
    tenant = fetch(Tenant, tenant_id, Permission.OPERATE)
    start = actors.backups.look.start(tenant, current_actor())
    return run_messages.answer_start(start, url_for("bring_back.page", tenant_id=tenant.id, **_sent()))


def _sent() -> dict[str, Any]:
    try:
        return dict(WantedReturn.of(request.form).arguments)
    except Invalid:
        return {}


@pages.post("/<tenant_id>/bring-back")
@requires(Permission.OPERATE)
def restore(tenant_id: str) -> Any:
    """Make one restore of all that is meant, and start its preview."""
    tenant = fetch(Tenant, tenant_id, Permission.OPERATE)
    try:
        wanted = WantedReturn.of(request.form)
        damage = bringing_back.find(tenant, wanted.at)
        removes = request.form.get("added") == "remove"
        return previewed(bringing_back.draft(damage, current_actor(), by=wanted.by, removes_added=removes))
    except Invalid as e:
        flash(str(e), "danger")
        return redirect(url_for("bring_back.page", tenant_id=tenant.id, **_sent()), 303)
