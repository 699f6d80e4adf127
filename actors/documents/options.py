"""The subject of a document, and what somebody wants in it. Kept with the document as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

from actors.documents.language import ENGLISH, languages
from db.errors import Invalid
from db.states import DocumentFormat
from graph.policy_types.table import POLICY_TYPES


@dataclass(frozen=True)
class DocumentOptions:
    """The subject and the wishes. Without any subject: the tenant as its newest snapshots have it.

    `other_set`: the document tells what became different from `backup_set` to it. `at`: the tenant as it was then, as
    "2026-11-01T12:00:00", in UTC. `changed_since`: a day as "2026-11-01", in UTC.
    """

    format: DocumentFormat = DocumentFormat.HTML
    backup_set: int | None = None
    other_set: int | None = None
    policy: int | None = None
    at: str | None = None
    policy_import: int | None = None
    types: Sequence[str] = ()
    only_assigned: bool = False
    changed_since: str | None = None
    with_ids: bool = True
    language: str = ENGLISH
    # How the tenant has this standard, by its id.
    standard: int | None = None

    def checked(self) -> "DocumentOptions":
        """Return these options. Raises Invalid for what no document can be made of."""
        unknown = [key for key in self.types if key not in POLICY_TYPES]
        if unknown:
            raise Invalid(f"There is no policy type “{unknown[0][:80]}”.")
        if self.language not in languages():
            raise Invalid(f"There is no language “{self.language[:20]}”. Choose one of: {', '.join(languages())}.")
        subjects = (self.backup_set, self.policy, self.at, self.policy_import, self.standard)
        if sum(subject is not None for subject in subjects) > 1:
            raise Invalid("Choose one: a backup set, a policy, a moment, an import, or a standard.")
        if self.at is not None:
            parse_moment(self.at)
        if self.other_set is not None and self.backup_set is None:
            raise Invalid("To compare, choose two backup sets.")
        if self.other_set is not None and self.other_set == self.backup_set:
            raise Invalid("Choose two different backup sets.")
        if self.changed_since is not None:
            parse_day(self.changed_since)
        if self.other_set is not None:  # a comparison shows what became different, whomever it reaches
            return replace(self, only_assigned=False, changed_since=None)
        # Nobody knows when an imported policy was changed.
        return self if self.policy_import is None else replace(self, changed_since=None)

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "format": str(self.format), "types": sorted(set(self.types))}

    @classmethod
    def of_json(cls, kept: Mapping[str, Any]) -> "DocumentOptions":
        return cls(**{**kept, "format": DocumentFormat(kept["format"]), "types": tuple(kept["types"])})


def parse_day(text: str) -> date:
    """Return the day of "2026-11-01". Raises Invalid."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Invalid(f"“{text[:40]}” is no day. Give one such as 2026-11-01.") from None


def parse_moment(text: str) -> datetime:
    """Return the time of "2026-11-01T12:00:00", in UTC. Raises Invalid."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        raise Invalid(f"“{text[:40]}” is no time. Give one such as 2026-11-01T12:00:00.") from None


def format_of(name: str) -> DocumentFormat:
    """Return the format that the ending of a file's name says. Raises Invalid."""
    ending = name.rpartition(".")[2].lower()
    if ending not in list(DocumentFormat):
        raise Invalid(f"“{name[-40:]}” does not end in one of: {', '.join(f'.{ending}' for ending in DocumentFormat)}.")
    return DocumentFormat(ending)
