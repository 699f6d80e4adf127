"""`/settings/`: which policies set this setting? Found by Microsoft's words, by its id, or with a value of it.

Only policies of tenants that the reader sees count, and a setting that none of them sets is not named.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import Blueprint, Response, render_template, request, url_for

from actors.facade.csv_rows import csv_row
from actors.facade.setting_words import SettingWords, setting_words
from db.models import KnownSetting, PolicySetting, Tenant
from db.policies import settings_search
from db.policies.settings_search import COUNTED, MOST_FOUND, SetTo, WantedPolicies
from db.sql import value_lists
from web.inputs import page_number, without_nul
from web.lists import filters
from web.lists.list_view import EXPORT_CAP, stream_download
from web.lists.numbered_page import NumberedPage
from web.presentation.formatters import policy_type_title
from web.security.access import allowed_tenant_ids, requires
from web.security.permissions import Permission
from web.translation.languages import current_language
from web.views.settings.setting_lines import ALL_VALUES_SHOWN, FoundLine, find_lines, value_text

pages = Blueprint("settings", __name__, url_prefix="/settings")

LONGEST_WORDS, LONGEST_KEY, LONGEST_MARK = 100, 400, 16
SETTINGS_SHOWN, POLICIES_SHOWN = 12, 40
LAST_PAGE = 999
COLUMNS = ("setting", "tenant", "policy", "policy type", "value", "policy id")
# Conditional Access says with this setting whether a policy is on.
SWITCH = "conditionalaccesspolicy/state"


def asked_tenant_ids() -> Sequence[int] | None:
    """Return the tenants to look in: the one that lists show, else all that the reader sees (None: of all)."""
    tenant, is_one = filters.asked_tenant()
    if is_one:
        return [tenant.id] if tenant else []
    return allowed_tenant_ids(Permission.SEE)


@dataclass(frozen=True)
class SearchedSettings(NumberedPage):
    asked: str
    number: int
    tenant: Tenant | None
    lines: Sequence[FoundLine]
    count: int

    @property
    def has_more(self) -> bool:  # type: ignore[override]
        return (self.number + 1) * SETTINGS_SHOWN < self.count

    @property
    def is_cut(self) -> bool:
        return self.count >= MOST_FOUND

    def address_of(self, number: int) -> str:
        return url_for("settings.page", **search_arguments(q=self.asked, page=number))


def search_arguments(**values: Any) -> dict[str, Any]:
    """Return the arguments of an address on these pages: the tenant that was asked for goes with them."""
    return {**values, "tenant": request.args.get("tenant") or None}


@pages.get("/")
@requires(Permission.SEE)
def page() -> str:
    asked, number = without_nul(request.args.get("q", "")).strip()[:LONGEST_WORDS], page_number(LAST_PAGE)
    begin = number * SETTINGS_SHOWN
    found = find_lines(asked, asked_tenant_ids(), begin, begin + SETTINGS_SHOWN)
    return render_template(
        "settings/search.html",
        page=SearchedSettings(asked, number, filters.asked_tenant()[0], found.lines, found.count),
    )


@dataclass(frozen=True)
class SettingPage(NumberedPage):
    """A setting, and the policies that set it. `setting` None: no policy that the reader sees sets it."""

    key: str
    setting: KnownSetting | None
    mark: str
    number: int
    tenant: Tenant | None
    words: SettingWords
    tenant_ids: Sequence[int] | None

    @property
    def title(self) -> str:
        return self.words.title(self.key, self.setting.title if self.setting else self.key)

    @cached_property
    def _wanted(self) -> WantedPolicies:
        return WantedPolicies(self.setting.id if self.setting else 0, self.tenant_ids, self.mark)

    @cached_property
    def _rows(self) -> list[PolicySetting]:
        return self._wanted.rows(POLICIES_SHOWN + 1, self.number * POLICIES_SHOWN)

    @property
    def rows(self) -> list[PolicySetting]:
        return self._rows[:POLICIES_SHOWN]

    @property
    def has_more(self) -> bool:  # type: ignore[override]
        return len(self._rows) > POLICIES_SHOWN

    @cached_property
    def count(self) -> int:
        return self._wanted.count()

    @property
    def is_counted(self) -> bool:
        return self.count <= COUNTED

    @cached_property
    def values(self) -> list[SetTo]:
        if self.setting is None:
            return []
        return settings_search.values_of([self.setting.id], self.tenant_ids, ALL_VALUES_SHOWN).get(self.setting.id, [])

    def text_of(self, row: SetTo | PolicySetting) -> str:
        return value_text(self.words, self.key, row.mark, row.value)

    @cached_property
    def switches(self) -> Mapping[int, str | None]:
        """Policy id -> whether the policy is on, of those of Conditional Access on this page."""
        found = settings_search.set_by([row.policy_id for row in self.rows], [SWITCH])
        return {policy_id: values[SWITCH] for policy_id, values in found.items()}

    def address_of(self, number: int) -> str:
        return self.narrowed_to(self.mark, number)

    def narrowed_to(self, mark: str, number: int = 0) -> str:
        values = search_arguments(key=self.key, value=mark or None, page=number or None)
        return url_for("settings.setting", **values)


@pages.get("/of")
@requires(Permission.SEE)
def setting() -> str:
    return render_template("settings/setting.html", page=_setting_page())


def _setting_page() -> SettingPage:
    key = without_nul(request.args.get("key", "")).lower()[:LONGEST_KEY]
    mark = without_nul(request.args.get("value", ""))[:LONGEST_MARK]
    ids, words = asked_tenant_ids(), setting_words([key], current_language())
    known = settings_search.by_key(key, ids) if key else None
    return SettingPage(key, known, mark, page_number(LAST_PAGE), filters.asked_tenant()[0], words, ids)


@pages.get("/of/export.csv")
@requires(Permission.SEE)
def export() -> Response:
    return stream_download("setting.csv", _csv(_setting_page()))


def _csv(of: SettingPage) -> Iterator[str]:
    yield csv_row(COLUMNS)
    wanted = WantedPolicies(of.setting.id if of.setting else 0, of.tenant_ids, of.mark)
    for begin in range(0, EXPORT_CAP, value_lists.ROWS_PER_STATEMENT):
        rows = wanted.rows(value_lists.ROWS_PER_STATEMENT, begin)
        for row in rows:
            policy = row.policy
            title = policy_type_title(policy.policy_type, policy.odata_type)
            yield csv_row([of.title, row.tenant.name, policy.name, title, of.text_of(row), policy.graph_id])
        if len(rows) < value_lists.ROWS_PER_STATEMENT:
            return
