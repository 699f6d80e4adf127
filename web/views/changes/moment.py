"""`/tenants/<id>/at/`: the time machine. A tenant as it was at a moment, compared with now, and put back."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import Any, NamedTuple

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from markupsafe import Markup

from actors.facade import leaving, snapshot_diff
from actors.facade.leaving import LeavingFormat
from actors.plans import drafts
from db.backups import backup_sets, disclosures
from db.clock import utcnow
from db.errors import Invalid
from db.models import BackupSet, Policy, Snapshot, Tenant
from db.policies import moments, snapshots
from db.policies.moments import Moment, NearbyTimes, PolicyThen
from web.inputs import page_number, parse_past_time, without_nul
from web.lists import filters
from web.lists.list_view import with_connection
from web.lists.numbered_page import NumberedPage
from web.presentation import leaving_zip
from web.presentation.formatters import datetime_html, first_differences, policy_type_title
from web.presentation.masking import Masking, mask_secrets
from web.security.access import can, current_actor, fetch, requires
from web.security.permissions import Permission
from web.translation.languages import current_language
from web.translation.sentences import translated_markup
from web.views.restores.new_restore import previewed

pages = Blueprint("moment", __name__, url_prefix="/tenants")

SHOWN, LAST_PAGE, LONGEST_SEARCH = 15, 999, 100
# So much content is compared for one page, which may take half a second; the first rows matter most.
MOST_BYTES_COMPARED = 1_500_000
# What the address may ask for; "" is everything that was there.
DIFFERENT, NEW = "different", "new"


@dataclass(frozen=True)
class WantedMoment:
    """A moment and a part of its policies, as the address or the form asks for it. `at`: in UTC."""

    at: datetime
    show: str = ""
    policy_type: str = ""
    search: str = ""

    @classmethod
    def of(cls, args: Mapping[str, str]) -> "WantedMoment":
        """Raises Invalid for a text that is no time, and for a time yet to come."""
        search = without_nul(args.get("search", "")).strip()[:LONGEST_SEARCH]
        show = args.get("show", "")
        return cls(
            asked_time(args.get("at", "")),
            show if show in (DIFFERENT, NEW) else "",
            without_nul(args.get("type", "")),
            search,
        )

    @property
    def arguments(self) -> dict[str, Any]:
        named = {"at": address_time(self.at), "show": self.show, "type": self.policy_type, "search": self.search}
        return {name: value for name, value in named.items() if value}

    def without(self, **changed: str) -> dict[str, Any]:
        """Return the arguments with some of them changed."""
        return {name: value for name, value in {**self.arguments, **changed}.items() if value}

    def is_met_by(self, policy_type: str, name: str) -> bool:
        return self.policy_type in ("", policy_type) and self.search.lower() in name.lower()


def asked_time(text: str) -> datetime:
    """Return the time in UTC; one without a zone is in the reader's. "" is a day ago. Raises Invalid."""
    if not text.strip():
        return utcnow().replace(second=0, microsecond=0) - timedelta(days=1)
    return parse_past_time(text, filters.asked_zone())


def address_time(at: datetime) -> str:
    return f"{at.replace(microsecond=0).isoformat()}Z"


class TypeThen(NamedTuple):
    """A policy type at the moment: how many policies it had, how many are otherwise now, and how many are new."""

    key: str
    title: str
    then: int
    different: int
    new: int


@dataclass(frozen=True)
class ThenRow:
    """A policy as it was. `what`: how it is otherwise now; "" where that was not asked."""

    then: PolicyThen
    what: str

    @property
    def type_title(self) -> str:
        return policy_type_title(self.then.policy_type, self.then.odata_type)

    @property
    def compare_address(self) -> str:
        """The comparison with its newest snapshot; "" where there is nothing to compare."""
        then = self.then
        if not then.version or not then.newest_id or then.newest_id == then.version.id:
            return ""
        return url_for("snapshots.compare", snapshot_id=then.version.id, other_id=then.newest_id)

    @property
    def how_sure(self) -> Markup:
        """Say what is known of it at that moment, and what is not."""
        then, version = self.then, self.then.version
        if version is None:
            return translated_markup("Never captured: nobody knows how it was.")
        captured = datetime_html(version.captured_at)
        if then.is_proven:
            words = translated_markup("Captured {}, and read again as the same {}.")
            return words.format(captured, datetime_html(version.confirmed_at))
        if then.is_told_by_date:
            words = translated_markup("Captured {}; the tenant says that it was last changed {}.")
            return words.format(captured, datetime_html(version.modified_at))
        if then.is_captured_later:
            return translated_markup("Captured first {}, after this moment: it may have been otherwise.").format(
                captured
            )
        changed_at = then.changed_next_at or then.unread_at
        if changed_at is None:
            return translated_markup("Captured {}, and nothing seen changed since.").format(captured)
        changed = datetime_html(changed_at)
        if then.may_differ:
            words = translated_markup("Captured {}, seen changed {}: it may have been changed before this moment.")
            return words.format(captured, changed)
        return translated_markup("Captured {}, and nothing seen changed until {}.").format(captured, changed)

    @property
    def now(self) -> str:
        if not self.then.is_present:
            return "is gone"
        if self.then.version is None:
            return "not known"
        return "the same" if self.then.is_same_now else "is otherwise"


@dataclass(frozen=True)
class MomentPage(NumberedPage):
    """A moment, and one page of what the address asks for of it. `refusal`: why its time was not taken."""

    moment: Moment
    wanted: WantedMoment
    number: int
    refusal: str = ""

    @property
    def tenant(self) -> Tenant:
        return self.moment.tenant

    @property
    def at(self) -> datetime:
        return self.wanted.at

    @property
    def field_time(self) -> str:
        """The time as its field takes it, in UTC: the script shows it in the reader's zone."""
        return self.at.replace(second=0, microsecond=0).isoformat(timespec="minutes")

    @cached_property
    def different(self) -> list[PolicyThen]:
        return [policy for policy in self.moment.policies if not policy.is_same_now]

    @property
    def unsure(self) -> int:
        return sum(policy.may_differ for policy in self.moment.policies)

    @property
    def never_captured(self) -> int:
        return sum(policy.version is None for policy in self.moment.policies)

    @cached_property
    def types(self) -> list[TypeThen]:
        """The policy types with what the search finds of them, by title."""
        wanted = WantedMoment(self.at, search=self.wanted.search)
        then = Counter(row.policy_type for row in self.moment.policies if wanted.is_met_by(row.policy_type, row.name))
        different = Counter(row.policy_type for row in self.different if wanted.is_met_by(row.policy_type, row.name))
        new = Counter(row.policy_type for row in self.moment.new_since if wanted.is_met_by(row.policy_type, row.name))
        rows = [TypeThen(key, policy_type_title(key), then[key], different[key], new[key]) for key in then | new]
        return sorted(rows, key=lambda row: row.title.lower())

    @cached_property
    def chosen(self) -> list[PolicyThen]:
        """Everything that was there and that the address asks for, by name."""
        rows = self.different if self.wanted.show == DIFFERENT else self.moment.policies
        found = [row for row in rows if self.wanted.is_met_by(row.policy_type, row.name)]
        return sorted(found, key=lambda row: (row.name.lower(), row.policy_id))

    @cached_property
    def chosen_new(self) -> list[Policy]:
        """The policies that are there now, and were not then."""
        rows = [row for row in self.moment.new_since if self.wanted.is_met_by(row.policy_type, row.name)]
        return sorted(rows, key=lambda row: (row.name.lower(), row.id))

    @property
    def shows_new(self) -> bool:
        return self.wanted.show == NEW

    @property
    def new_rows(self) -> list[Policy]:
        return self.chosen_new[self.number * SHOWN :][:SHOWN]

    @cached_property
    def rows(self) -> list[ThenRow]:
        some = self.chosen[self.number * SHOWN :][:SHOWN]
        what = _what_differs(some) if self.wanted.show == DIFFERENT else {}
        return [ThenRow(then, what.get(then.policy_id, "")) for then in some]

    @property
    def count(self) -> int:
        return len(self.chosen_new if self.shows_new else self.chosen)

    @property
    def has_more(self) -> bool:  # type: ignore[override]
        return self.count > (self.number + 1) * SHOWN

    def address_of(self, number: int) -> str:
        return self.address(**self.wanted.without(page=str(number or "")))

    def address(self, **values: Any) -> str:
        return url_for("moment.page", tenant_id=self.tenant.id, **values)

    def narrowed(self, **changed: str) -> str:
        """Return the address of this page with something else asked for."""
        return self.address(**self.wanted.without(**changed))

    @property
    def choices(self) -> list[tuple[str, str, int]]:
        """The parts to look at: (what the address calls it, label, number)."""
        parts = [
            ("", "as they were", len(self.moment.policies)),
            (DIFFERENT, "otherwise now", len(self.different)),
            (NEW, "new since then", len(self.moment.new_since)),
        ]
        return [part for part in parts if part[2] or part[0] in ("", self.wanted.show)]

    @cached_property
    def backups(self) -> tuple[BackupSet | None, BackupSet | None]:
        return backup_sets.around(self.tenant, self.at)

    @cached_property
    def changes(self) -> NearbyTimes:
        return moments.nearby_changes(self.tenant, self.at)

    @property
    def neighbours(self) -> list[tuple[str, datetime]]:
        """The moments nearby at which something is known: (label, time), the earliest first."""
        before, after = self.backups
        found = [
            ("Backup before", before and before.created_at),
            ("Change before", self.changes.before),
            ("Change after", self.changes.after),
            ("Backup after", after and after.created_at),
        ]
        return sorted(((label, at) for label, at in found if at), key=lambda row: row[1])

    def time_address(self, at: datetime) -> str:
        # Its seconds are cut off: a second later, so that what was seen at that time was seen by then.
        return self.narrowed(at=address_time(at + timedelta(seconds=1)), page="")

    @cached_property
    def can_restore(self) -> bool:
        return bool(self.tenant.is_active) and can(Permission.OPERATE, self.tenant.id)

    @property
    def formats(self) -> list[tuple[str, str, str]]:
        """The formats of other tools to download these policies in: (its name, address, title)."""
        address = partial(url_for, "moment.download", tenant_id=self.tenant.id)
        return [(key, address(format=key, **self.wanted.arguments), title) for key, title in leaving.TITLES.items()]

    @property
    def document_address(self) -> str:
        """The form of a document of this moment, or of its policies of the type that is looked at."""
        address_at, wanted = address_time(self.at), self.wanted.policy_type or None
        return url_for("documents.new", tenant=self.tenant.id, at=address_at, type=wanted)

    @property
    def restorable(self) -> int:
        """The number of those chosen that can be put back as they were."""
        return 0 if self.shows_new else len(put_back_ids(self.chosen))


def put_back_ids(policies: Sequence[PolicyThen]) -> list[int]:
    return [policy.snapshot_id for policy in policies if policy.snapshot_id]


def _what_differs(policies: Sequence[PolicyThen]) -> dict[int, str]:
    """Return policy id -> in one line how it is otherwise now. Some contents are too much for one page."""
    there = [policy for policy in policies if policy.version and policy.newest_id and policy.is_present]
    ids = {number for policy in there for number in (policy.snapshot_id, policy.newest_id) if number}
    by_id: dict[int, Snapshot] = {row.id: row for row in snapshots.with_policies(sorted(ids))}
    pairs = {
        policy.policy_id: (by_id[policy.snapshot_id], by_id[policy.newest_id])
        for policy in there
        if policy.snapshot_id in by_id and policy.newest_id in by_id
    }
    found = snapshot_diff.compare_pairs(
        list(pairs.values()),
        partial(Masking, tells_apart=True),
        language=current_language(),
        most_bytes=MOST_BYTES_COMPARED,
    )
    too_large = dict.fromkeys(pairs, "It is too large to be compared in this list: see every difference.")
    return too_large | dict(zip(pairs, map(first_differences, found), strict=False))


@pages.get("/<tenant_id>/at/")
@requires(Permission.SEE)
def page(tenant_id: str) -> Any:
    tenant = fetch(Tenant, tenant_id, Permission.SEE)
    try:
        return _page(tenant, WantedMoment.of(request.args))
    except Invalid as e:
        return _page(tenant, WantedMoment(asked_time("")), str(e)), 400


def _page(tenant: Tenant, wanted: WantedMoment, refusal: str = "") -> str:
    found = moments.moment(tenant, wanted.at)
    return render_template("changes/moment.html", page=MomentPage(found, wanted, page_number(LAST_PAGE), refusal))


@pages.get("/<tenant_id>/at/download")
@requires(Permission.SEE)
def download(tenant_id: str) -> Response:
    """Download the policies that are listed, as they were, in the format of another tool, without secrets."""
    tenant = fetch(Tenant, tenant_id, Permission.SEE)
    leaving_format = leaving_zip.asked_format(request.args.get("format", "")) or LeavingFormat.GRAPH
    try:
        wanted = WantedMoment.of(request.args)
    except Invalid:
        abort(400)
    ids = put_back_ids(MomentPage(moments.moment(tenant, wanted.at), wanted, 0).chosen)
    disclosures.record_moment_download(tenant, wanted.at, len(ids), current_actor(), leaving_format)
    chunks = leaving_zip.zip_snapshots(tenant, sorted(ids), leaving_format, mask_secrets)
    return leaving_zip.zip_response(f"{tenant.name} {wanted.at:%Y-%m-%d}", leaving_format, with_connection(chunks))


@pages.post("/<tenant_id>/at/restore")
@requires(Permission.OPERATE)
def restore(tenant_id: str) -> Any:
    """Make a restore of the policies that are listed, as they were, and start its preview."""
    tenant = fetch(Tenant, tenant_id, Permission.OPERATE)
    back_to: dict[str, Any] = {}
    try:
        wanted = WantedMoment.of(request.form)
        back_to = wanted.arguments
        chosen = MomentPage(moments.moment(tenant, wanted.at), wanted, 0).chosen
        return previewed(drafts.from_moment(tenant, wanted.at, put_back_ids(chosen), current_actor()))
    except Invalid as e:
        flash(str(e), "danger")
        return redirect(url_for("moment.page", tenant_id=tenant.id, **back_to), 303)
