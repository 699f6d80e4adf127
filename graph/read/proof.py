"""The proof that a reading holds the whole policy, with the secrets that Graph withheld."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Proof:
    """Filled in while a policy is read, and stored with its snapshot."""

    settings_stored: int | None = None
    settings_declared: int | None = None
    pages: int = 0
    assignments: str = "not_applicable"
    assignment_count: int = 0
    revealed: int = 0
    withheld: list[dict[str, str]] = field(default_factory=list)
    names: str = "read"

    def withhold(self, where: str, why: str) -> None:
        self.withheld.append({"where": where, "why": why})

    def as_json(self) -> dict[str, Any]:
        settings = None
        if self.settings_stored is not None:
            settings = {"stored": self.settings_stored, "declared": self.settings_declared}
        return {
            "settings": settings,
            "pages": self.pages,
            "assignments": self.assignments,
            "assignment_count": self.assignment_count,
            "secrets": {"revealed": self.revealed, "withheld": self.withheld},
            "names": self.names,
        }
