"""The form that asks for a document: what it is of comes in the address, the wishes are chosen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from flask import abort
from werkzeug.datastructures import MultiDict

from actors.documents import making
from actors.documents.language import ENGLISH, languages
from actors.documents.options import DocumentOptions, parse_day
from actors.facade import policy_type_names
from db.errors import Invalid
from db.imports import policy_imports
from db.models import BackupSet, Policy, PolicyImport, Standard, Tenant
from db.policies import policies
from db.standards import adoptions, standards
from db.states import DocumentFormat
from web.inputs import parse_past_time, ticked_values, without_nul
from web.security.access import fetch, parse_row_id
from web.security.permissions import Permission

FORMATS: Mapping[DocumentFormat, str] = {
    DocumentFormat.HTML: "HTML, to read and to print",
    DocumentFormat.DOCX: "Word (DOCX)",
    DocumentFormat.MARKDOWN: "Markdown",
    DocumentFormat.CSV: "CSV, a line for each setting",
}
MAX_TYPES = 300


@dataclass(frozen=True)
class DocumentForm:
    """The subject of a document to be, as this person may see it, and what was typed."""

    tenant: Tenant
    backup_set: BackupSet | None
    other_set: BackupSet | None
    policy: Policy | None
    policy_import: PolicyImport | None
    at: datetime | None
    typed: Mapping[str, str]
    chosen_types: list[str] = field(default_factory=list)
    standard: Standard | None = None

    formats: tuple[tuple[DocumentFormat, str], ...] = tuple(FORMATS.items())

    @property
    def is_comparison(self) -> bool:
        return self.other_set is not None

    @property
    def is_of_tenant(self) -> bool:
        return not (self.backup_set or self.policy or self.policy_import or self.at or self.standard)

    @property
    def has_dates(self) -> bool:
        """Somebody knows when each of its policies was changed."""
        return not (self.is_comparison or self.policy or self.policy_import or self.standard)

    @property
    def languages(self) -> dict[str, str]:
        return languages()

    @property
    def types(self) -> list[tuple[str, str]]:
        """The policy types that the tenant, or the import, has, with their titles."""
        keys = set(self.chosen_types)
        if self.policy_import:
            keys |= policy_imports.policy_types(self.policy_import)
        else:
            keys |= {key for key, *_ in policies.counts_by_type(self.tenant)}
        pairs = [(key, policy_type_names.title(key)) for key in keys]
        return sorted(pairs, key=lambda pair: pair[1].lower())

    @property
    def subject(self) -> dict[str, Any]:
        """The hidden fields that say what the document is of."""
        names = ("backup_set", "other_set", "policy", "policy_import", "standard")
        rows = {name: getattr(self, name) for name in names}
        found = {"tenant": self.tenant.id} | {name: row.id for name, row in rows.items() if row}
        return found | ({"at": self.at.isoformat()} if self.at else {})

    def value(self, name: str, otherwise: str = "") -> str:
        return self.typed.get(name) or otherwise


def names_a_subject(asked: MultiDict[str, str]) -> bool:
    """Tell whether the address or the form says what the document is of."""
    return any(asked.get(name) for name in ("tenant", "backup_set", "policy", "policy_import"))


def asked_form(asked: MultiDict[str, str]) -> DocumentForm:
    """Read what the address or the form asks for. Every row is fetched as this person may see it."""
    policy, backup_set = _row(asked, Policy, "policy"), _row(asked, BackupSet, "backup_set")
    other_set, tenant = _row(asked, BackupSet, "other_set"), _row(asked, Tenant, "tenant")
    policy_import = _row(asked, PolicyImport, "policy_import")
    subject = policy or backup_set or policy_import
    tenant = tenant or (subject.tenant if subject else None)
    rows = [row for row in (policy, backup_set, other_set, policy_import) if row]
    if tenant is None or any(row.tenant_id != tenant.id for row in rows):
        abort(404)
    names = ("format", "language", "only_assigned", "changed_since", "without_ids", "first_day", "last_day")
    typed = {name: without_nul(asked.get(name, ""))[:40] for name in names}
    types = ticked_values(asked, "type", MAX_TYPES)
    standard = _standard(asked, tenant)
    return DocumentForm(tenant, backup_set, other_set, policy, policy_import, _moment(asked), typed, types, standard)


def _standard(asked: MultiDict[str, str], tenant: Tenant) -> Standard | None:
    """Return the standard that the address names; 404 for one that the tenant does not follow."""
    if not asked.get("standard"):
        return None
    standard = standards.find_by_id(parse_row_id(asked["standard"]) or 0)
    return standard if standard is not None and adoptions.find(standard, tenant) is not None else abort(404)


def _moment(asked: MultiDict[str, str]) -> datetime | None:
    """Return the moment in the address, which a page wrote there."""
    try:
        return parse_past_time(asked["at"], UTC) if asked.get("at") else None
    except Invalid:
        abort(400)


def _row(asked: MultiDict[str, str], model: Any, name: str) -> Any:
    return fetch(model, asked[name], Permission.SEE) if asked.get(name) else None


def chosen_options(form: DocumentForm) -> DocumentOptions:
    """Return the wishes of a sent form. Raises Invalid."""
    wanted = form.value("format", DocumentFormat.HTML)
    if wanted not in list(DocumentFormat):
        raise Invalid("Choose a format.")
    backup_set, other_set = (row.id if row else None for row in (form.backup_set, form.other_set))
    first, last = form.value("first_day"), form.value("last_day")
    if form.is_of_tenant and (first or last):
        backup_set, other_set = making.sets_of_days(form.tenant, _day(first), _day(last))
    return DocumentOptions(
        DocumentFormat(wanted),
        backup_set,
        other_set,
        form.policy.id if form.policy else None,
        form.at.isoformat() if form.at else None,
        form.policy_import.id if form.policy_import else None,
        tuple(form.chosen_types),
        only_assigned=form.value("only_assigned") == "yes",
        changed_since=form.value("changed_since") or None,
        with_ids=form.value("without_ids") != "yes",
        language=form.value("language", ENGLISH),
        standard=form.standard.id if form.standard else None,
    )


def _day(text: str) -> date:
    if not text:
        raise Invalid("To tell what became different, give both days.")
    return parse_day(text)
