"""Messages of commits: what a set brought, who took part, and last a line by which a commit is known as a set's."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from actors.copies.git.authors import CommitAuthor
from actors.copies.git.safe_names import one_line
from db.models import BackupSet, CopiedSet

_SET = re.compile(rb"^Backup-set: ([0-9a-f-]{36})/([1-9][0-9]{0,18})$")


@dataclass(frozen=True)
class Counts:
    """Policies whose files a commit adds, changes and removes."""

    added: int
    changed: int
    removed: int

    def __str__(self) -> str:
        if not (self.added or self.changed or self.removed):
            return "no change"
        return f"{self.added} added, {self.changed} changed, {self.removed} removed"


def message(
    installation: str, copied: CopiedSet, backup_set: BackupSet, counts: Counts, others: Sequence[CommitAuthor]
) -> str:
    name = one_line(copied.tenant_name, 80) or copied.directory_id
    kind = f", {one_line(backup_set.name, 80)}" if backup_set.name else ""
    about = [
        f"Tenant: {name} ({copied.directory_id})",
        f"Backup set {copied.set_number} of {backup_set.created_at:%Y-%m-%d %H:%M} UTC, {backup_set.state}{kind}",
    ]
    trailers = [f"Co-authored-by: {author}" for author in others]
    trailers.append(f"Backup-set: {installation}/{copied.set_number}")
    first = f"{name}: backup set {copied.set_number}, {counts}"
    return "\n".join([first, "", *about, "", *trailers, ""])


def set_of(text: bytes) -> tuple[str, int] | None:
    """Return (installation, number of the set) of a commit's message; None where it is none of a Tenantkeep's."""
    found = _SET.match(text.rstrip().rpartition(b"\n")[2])
    return (found[1].decode(), int(found[2])) if found else None
