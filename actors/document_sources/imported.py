"""The policies of an import as a document tells them: of another tool, and never captured."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from actors.document_sources.captured import (
    Certainty,
    SourceEntry,
    SourcePolicy,
    TypeStanding,
    UnreadPolicy,
    in_order,
)
from actors.facade import snapshot_diff
from actors.facade.foreign_formats import LEFT_OUT, format_words
from db.documents.document_policies import SNAPSHOTS_AT_ONCE
from db.encryption import SealError
from db.imports import policy_imports
from db.models import ImportedPolicy, PolicyImport
from db.sql.value_lists import batched
from graph.display import labels
from graph.references.stand_ins import is_stand_in

_IMPORT_WORDS = {
    "of": "Imported from {formats}, not captured: nobody knows whether a tenant has it so. The export says it is of "
    "{organisation}.",
    "of nobody": "Imported from {formats}, not captured: nobody knows whether a tenant has it so.",
}


class ImportSource:
    """An export of another tool, as it was imported: what it has is known, and not where it is so."""

    at = captured_at = set_state = None

    def __init__(self, policy_import: PolicyImport) -> None:
        self._import = policy_import

    @property
    def tenant_name(self) -> str:
        return str(self._import.tenant.name)

    @property
    def directory_id(self) -> str:
        directory_id = str(self._import.source_directory_id)
        return "" if is_stand_in(directory_id) else directory_id

    @property
    def imported_at(self) -> datetime | None:
        return self._import.created_at

    @property
    def certainty(self) -> Certainty | None:
        row = self._import
        values = {"formats": format_words(row.formats), "organisation": row.organisation}
        return Certainty(_IMPORT_WORDS["of" if row.organisation else "of nobody"], values)

    def entries(self) -> list[SourceEntry]:
        return in_order(map(_imported_entry, policy_imports.policies_of(self._import)))

    def standings(self) -> list[TypeStanding]:
        return []

    def unread(self) -> list[UnreadPolicy]:
        """Return the files that may hold policies, and could not be taken."""
        files = [file for file in self._import.files if file["state"] == LEFT_OUT]
        return [UnreadPolicy("", file["path"], file["why"]) for file in files]

    def policies(self, entries: Sequence[SourceEntry]) -> Iterator[tuple[SourceEntry, SourcePolicy]]:
        for some in batched(entries, SNAPSHOTS_AT_ONCE):
            found = policy_imports.chosen(self._import, [entry.key for entry in some])
            for entry in some:
                if entry.key in found:
                    yield entry, open_imported(found[entry.key])


def _imported_entry(policy: ImportedPolicy) -> SourceEntry:
    remarks = [finding["text"] for finding in policy.findings]
    graph_id = "" if is_stand_in(policy.graph_id) else policy.graph_id
    return SourceEntry(policy.id, policy.policy_type, None, graph_id, policy.name, remarks=remarks)


def open_imported(policy: ImportedPolicy) -> SourcePolicy:
    """Open one policy of an import, its secrets masked whoever asks."""
    try:
        content = snapshot_diff.mask_secrets(policy_imports.read(policy))
    except SealError:
        content = None
    names = labels.names_by_id(policy.references)
    return SourcePolicy(policy.policy_type, None, policy.graph_id, policy.name, content, names, None)
