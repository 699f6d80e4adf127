"""An export of another tool, as it was read: its policies, and for every file what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class ForeignFormat(StrEnum):
    """Formats that are recognised. Values are stored."""

    INTUNE_MANAGEMENT = "intunemanagement"
    INTUNE_CD = "intunecd"
    INTUNE_CD_YAML = "intunecd_yaml"
    INTUNE_BACKUP = "intunebackupandrestore"
    CIPP = "cipp"
    PORTAL = "portal"
    GRAPH_LIST = "graph_list"
    GRAPH_POWERSHELL = "graph_powershell"
    CONDITIONAL_ACCESS = "conditional_access"
    DC_TOOLBOX = "dctoolbox"
    ENTRA_EXPORTER = "entraexporter"
    TENU_VAULT = "tenuvault"
    INTUNE_TOOLS = "intunetools"
    M365_DSC = "microsoft365dsc"
    GRAPH_BODY = "graph_body"


FORMAT_TITLES: Mapping[ForeignFormat, str] = {
    ForeignFormat.INTUNE_MANAGEMENT: "IntuneManagement",
    ForeignFormat.INTUNE_CD: "IntuneCD",
    ForeignFormat.INTUNE_CD_YAML: "IntuneCD (YAML)",
    ForeignFormat.INTUNE_BACKUP: "IntuneBackupAndRestore",
    ForeignFormat.CIPP: "CIPP template",
    ForeignFormat.PORTAL: "Intune admin centre, “Export JSON”",
    ForeignFormat.GRAPH_LIST: "List as Microsoft Graph answers it",
    ForeignFormat.GRAPH_POWERSHELL: "Microsoft Graph PowerShell",
    ForeignFormat.CONDITIONAL_ACCESS: "Conditional Access policy as a file",
    ForeignFormat.DC_TOOLBOX: "DCToolbox",
    ForeignFormat.ENTRA_EXPORTER: "EntraExporter",
    ForeignFormat.TENU_VAULT: "TenuVault",
    ForeignFormat.INTUNE_TOOLS: "IntuneTools",
    ForeignFormat.M365_DSC: "Microsoft365DSC",
    ForeignFormat.GRAPH_BODY: "Object as Microsoft Graph answers it",
}


class FindingKind(StrEnum):
    """Sorts of findings. Values are stored."""

    MISSING = "missing"
    DAMAGED = "damaged"
    PUT_RIGHT = "put_right"
    ASK = "ask"
    SECRET = "secret"  # noqa: S105
    TWICE = "twice"


@dataclass(frozen=True)
class ImportFinding:
    """A sentence about a file or a policy, without any secret."""

    kind: FindingKind
    text: str


class FileState(StrEnum):
    """Fates of a file. Values are stored."""

    POLICY = "policy"
    # It says something about policies in other files: names, assignments, a script.
    BESIDE = "beside"
    LEFT_OUT = "left_out"
    NO_POLICY = "no_policy"


@dataclass(frozen=True)
class ForeignFile:
    """`why`: a sentence for a file that gives no policy. `format` None: of no known format."""

    path: str
    state: FileState
    format: ForeignFormat | None = None
    why: str = ""


@dataclass
class ForeignPolicy:
    """A policy of an export, in our form.

    `content`: {"body": {…}, "assignments": […] or None}; None also where nobody knows of any.
    `graph_id`: its own, or a stand-in made from type and name (graph/references/stand_ins.py).
    `references`: {kind: {id: name}}, as snapshots keep them.
    `other_content`: the same policy with what a side file says, where the two differ.
    `placeholders`: texts that whoever wrote the export left to be filled in; until then it is not restored.
    """

    path: str
    format: ForeignFormat
    policy_type: str
    graph_id: str
    name: str
    content: dict[str, Any]
    references: dict[str, dict[str, str | None]] = field(default_factory=dict)
    findings: list[ImportFinding] = field(default_factory=list)
    placeholders: Sequence[str] = ()
    other_content: dict[str, Any] | None = None

    def note(self, kind: FindingKind, text: str) -> None:
        finding = ImportFinding(kind, text)
        if finding not in self.findings:
            self.findings.append(finding)

    @property
    def has_own_id(self) -> bool:
        return isinstance(self.content["body"].get("id"), str)


@dataclass(frozen=True)
class ForeignExport:
    """`directory_id`: the directory that it says it is of, or the stand-in for an unknown one. `organisation`: its
    name, "" where nothing says it.
    """

    policies: Sequence[ForeignPolicy]
    files: Sequence[ForeignFile]
    directory_id: str
    organisation: str = ""
    findings: Sequence[ImportFinding] = ()

    @property
    def formats(self) -> list[ForeignFormat]:
        found = {policy.format for policy in self.policies} | {file.format for file in self.files if file.format}
        return sorted(found)
