"""`/standards/<id>/versions/<number>`: its items and parameters, and in what it differs from the version before."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import Blueprint, abort, render_template, url_for

from actors.standards import version_differences
from actors.standards.version_differences import Difference, ItemContents, VersionDifference
from db.encryption import SealError
from db.models import Standard, StandardItem, StandardVersion
from db.standards import versions
from db.states import ParameterKind
from web.acts import standard_access
from web.inputs import page_number
from web.lists.numbered_page import NumberedPage
from web.security.access import can, parse_row_id, requires
from web.security.permissions import Permission
from web.translation.languages import current_language

pages = Blueprint("standard_versions", __name__, url_prefix="/standards/<standard_id>/versions")

SHOWN, LAST_PAGE = 25, 999
# So many of a kind are shown at once; the rest is folded.
DIFFERENCES_SHOWN, PARAMETERS_SHOWN, CHANGED_SHOWN = 8, 12, 12
DIFFERENCES_ON_PAGE = 12


@dataclass(frozen=True)
class VersionPage(NumberedPage):
    """A version of a standard. `earlier`: the version that it was made from, or the one before it."""

    standard: Standard
    version: StandardVersion
    items: list[StandardItem]
    number: int

    @property
    def rows(self) -> list[StandardItem]:
        return self.items[self.number * SHOWN : (self.number + 1) * SHOWN]

    @property
    def has_more(self) -> bool:  # type: ignore[override]
        return len(self.items) > (self.number + 1) * SHOWN

    def address_of(self, number: int) -> str:
        return url_for(
            "standard_versions.page", standard_id=self.standard.id, version_number=self.version.number, page=number
        )

    @property
    def source(self) -> str:
        return standard_access.source_name(self.version)

    @cached_property
    def earlier(self) -> StandardVersion | None:
        return earlier_version(self.standard, self.version)

    @cached_property
    def difference(self) -> VersionDifference | None:
        """None for the first version, and where a content cannot be opened."""
        try:
            if self.earlier is None:
                return None
            return version_differences.between(self.earlier, self.version, language=current_language())
        except SealError:
            return None

    most_changed, most_differences, most_parameters = CHANGED_SHOWN, DIFFERENCES_SHOWN, PARAMETERS_SHOWN

    @property
    def is_newest(self) -> bool:
        newest = versions.newest(self.standard)
        return newest is not None and newest.id == self.version.id

    @property
    def may_edit(self) -> bool:
        return can(Permission.EDIT_STANDARDS) and self.standard.archived_at is None

    @property
    def parameters(self) -> list[tuple[ParameterKind, list[Mapping[str, Any]]]]:
        """Return the kinds that it has, each with its parameters."""
        rows = self.version.parameters
        kinds = [(kind, [row for row in rows if row["kind"] == kind]) for kind in ParameterKind]
        return [(kind, of_kind) for kind, of_kind in kinds if of_kind]

    @staticmethod
    def item_count(parameter: Mapping[str, Any]) -> int:
        return len({place["item"] for place in parameter["places"]})


def earlier_version(standard: Standard, version: StandardVersion) -> StandardVersion | None:
    """Return what it was made from, or the version before; None for the first."""
    return versions.of_number(standard, version.based_on or version.number - 1)


def fetch_version(standard: Standard, number: object) -> StandardVersion:
    """Return the version of that number: 404 when there is none."""
    return versions.of_number(standard, parse_row_id(str(number)) or 0) or abort(404)


@pages.get("/<version_number>")
@requires(Permission.SEE_STANDARDS)
def page(standard_id: str, version_number: str) -> str:
    standard = standard_access.fetch_standard(standard_id)
    version = fetch_version(standard, version_number)
    shown = VersionPage(standard, version, versions.items(version), page_number(LAST_PAGE))
    return render_template("standards/version.html", page=shown)


@dataclass(frozen=True)
class VersionItemPage:
    """An item of a version, as every tenant gets it but for its own values."""

    standard: Standard
    version: StandardVersion
    item: StandardItem
    contents: ItemContents | None
    most_differences, most_parameters = DIFFERENCES_ON_PAGE, PARAMETERS_SHOWN

    @cached_property
    def earlier(self) -> StandardVersion | None:
        return earlier_version(self.standard, self.version)

    @cached_property
    def differences(self) -> list[Difference]:
        """Return in what it differs from the version before; none for a new item."""
        try:
            if self.earlier is None or self.contents is None:
                return []
            return version_differences.of_item(self.earlier, self.item, language=current_language())
        except SealError:
            return []

    @property
    def parameters(self) -> list[Mapping[str, Any]]:
        """Return what of it differs from tenant to tenant."""
        key = self.item.key
        return [row for row in self.version.parameters if any(place["item"] == key for place in row["places"])]


@pages.get("/<version_number>/items/<position>")
@requires(Permission.SEE_STANDARDS)
def item(standard_id: str, version_number: str, position: str) -> str:
    """Show what an item holds. Its position is in its address: keys may hold any character."""
    standard = standard_access.fetch_standard(standard_id)
    version = fetch_version(standard, version_number)
    rows = versions.items(version)
    number = parse_row_id(position) or 0
    row = rows[number - 1] if 0 < number <= len(rows) else abort(404)
    try:
        contents = version_differences.contents_of(row, language=current_language())
    except SealError:
        contents = None
    return render_template("standards/version_item.html", page=VersionItemPage(standard, version, row, contents))
