"""Reading an export of another tool: all its files in, its policies and what became of each file out.

Nothing is executed, nothing is fetched. What is damaged costs itself and nothing else.
"""

from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

from graph.content.spellings import GUID
from graph.foreign import bodies, completeness, folders, names, placeholders, powershell, recognition
from graph.foreign.decoding import Document, Unreadable, decode_text, read_document
from graph.foreign.export import (
    FileState,
    FindingKind,
    ForeignExport,
    ForeignFile,
    ForeignFormat,
    ForeignPolicy,
)
from graph.foreign.recognition import NoPolicy, RawPolicy
from graph.foreign.type_finding import find_policy_type, is_of_type
from graph.policy_types import shape
from graph.policy_types.policy_type import policy_name
from graph.policy_types.table import POLICY_TYPES
from graph.references.stand_ins import UNKNOWN_DIRECTORY, stand_in

MOST_FILES = MOST_POLICIES = 20_000
_JUNK = ("__macosx", ".git", ".github", "node_modules")
_SETTINGS_BESIDE = "_Settings.json"
# Folders of EntraExporter with people in them: nothing of these is read.
_PEOPLE = frozenset({"users", "members", "owners"})
DSC = "Microsoft365DSC wrote it: PowerShell code with parameters of its own. It is recognised, and not imported."


class TooMany(ValueError):
    """Raised for more files, or more policies, than any export has."""


def read_export(files: Mapping[str, bytes], go_on: Callable[[], None] = lambda: None) -> ForeignExport:
    """Read an export. `files`: {path with “/” between folders: bytes}. Raises TooMany.

    `go_on` is called before each file and each policy: what it raises ends the reading.
    """
    if len(files) > MOST_FILES:
        raise TooMany(f"It has more than {MOST_FILES:,} files.")
    return _Reading(files, go_on).export()


class _Reading:
    def __init__(self, files: Mapping[str, bytes], go_on: Callable[[], None]) -> None:
        self._go_on = go_on
        self._results: dict[str, ForeignFile] = {}
        self._documents: dict[str, Document] = {}
        self._files = files
        for path in sorted(files):
            self._open(path)
        self._folders = folders.look_around(files, self._documents)
        self._policies: list[ForeignPolicy] = []

    def export(self) -> ForeignExport:
        for path, document in self._documents.items():
            if path in self._folders.beside or path in self._results:
                continue
            self._read(path, document)
        self._finish()
        results = {**self._results, **self._folders.beside}
        return ForeignExport(
            self._policies,
            [results[path] for path in sorted(results)],
            self._folders.directory_id or UNKNOWN_DIRECTORY,
            self._folders.organisation,
            self._folders.findings,
        )

    # --- files -------------------------------------------------------------------------------------------------------

    def _open(self, path: str) -> None:
        self._go_on()
        parts = [part.lower() for part in path.split("/")]
        if any(part in _JUNK for part in parts[:-1]) or parts[-1].startswith("."):
            self._say(path, FileState.NO_POLICY, "It belongs to the computer or the repository, and is no policy.")
        elif _PEOPLE & set(parts[:-1]):
            self._say(path, FileState.NO_POLICY, "It is about people. It was not read.")
        elif self._files[path][:4] == b"PK\x03\x04":
            self._say(path, FileState.LEFT_OUT, "It is a ZIP in the export. Import it by itself.")
        else:
            self._parse(path)

    def _parse(self, path: str) -> None:
        try:
            document = read_document(path, self._files[path])
        except Unreadable as e:
            is_text = PurePosixPath(path).suffix.lower().strip() in (".json", ".yaml", ".yml")
            if is_text:
                self._say(path, FileState.LEFT_OUT, str(e))
            else:
                self._say(path, FileState.NO_POLICY, "It is no text that a policy could be in.")
            return
        if document is not None:
            self._documents[path] = document
            return
        blocks = recognition.count_dsc_blocks(decode_text(self._files[path]))
        if blocks is not None:
            text = f"{DSC} It describes {blocks} objects." if blocks else DSC
            self._say(path, FileState.LEFT_OUT, text, ForeignFormat.M365_DSC)
        else:
            self._say(path, FileState.NO_POLICY, "It is neither JSON nor YAML, so no policy.")

    def _say(self, path: str, state: FileState, why: str = "", form: ForeignFormat | None = None) -> None:
        self._results[path] = ForeignFile(path, state, form, why)

    # --- policies ----------------------------------------------------------------------------------------------------

    def _read(self, path: str, document: Document) -> None:
        if {folders.ASSIGNMENTS} & set(path.split("/")[:-1]) and not _has_name(document.value):
            return  # read with its policy; told afterwards where there is none
        try:
            raw_policies = recognition.find_policies(path, document, self._folders)
        except NoPolicy as e:
            self._say(path, FileState.NO_POLICY, str(e), e.format)
            return
        whys = []
        for raw in raw_policies:
            raw.findings[:0] = document.findings
            policy = self._policy(path, raw)
            if isinstance(policy, str):
                whys.append(policy)
            else:
                self._policies.append(policy)
        form = raw_policies[0].format
        if len(whys) == len(raw_policies):
            is_known = any(why != _NO_TYPE for why in whys)
            self._say(path, FileState.LEFT_OUT if is_known else FileState.NO_POLICY, _joined(whys), form)
        else:
            more = f"{len(whys)} of its {len(raw_policies)} objects are left out. {_joined(whys)}" if whys else ""
            self._say(path, FileState.POLICY, more, form)

    def _policy(self, path: str, raw: RawPolicy) -> ForeignPolicy | str:
        """Return the policy, or why there is none."""
        self._go_on()
        if len(self._policies) >= MOST_POLICIES:
            raise TooMany(f"It has more than {MOST_POLICIES:,} policies.")
        body = raw.body
        bodies.with_definitions(body)
        self._add_settings_beside(path, raw)
        bodies.with_intent_settings(body)
        assignments = body.pop("assignments", None)
        if assignments is None and raw.format == ForeignFormat.INTUNE_BACKUP:
            assignments = folders.assignments_beside(self._folders, path)
        body = bodies.clean(body, raw.note)
        bodies.with_location_type(body, raw.note)
        if isinstance(body.get("settings"), list):
            body["settings"] = bodies.with_small_ids(body["settings"])
        policy_type = find_policy_type(body, path, raw.context_type)
        problem = self._find_problem(policy_type, body, raw)
        if problem:
            return problem
        if raw.template_id and policy_type == "intents" and not body.get("templateId"):
            body["templateId"] = raw.template_id
            raw.note(FindingKind.PUT_RIGHT, "The template's id is in the file's name alone, and is taken from there.")
        directory_id = self._folders.directory_id or UNKNOWN_DIRECTORY
        content = {"body": body, "assignments": bodies.assignments_of(assignments, raw.note)}
        filled = placeholders.with_directory(content, directory_id)
        if filled != content:
            raw.note(FindingKind.PUT_RIGHT, "The tool's word for the tenant's own id is that id again.")
        lack = completeness.find_lack(policy_type, filled["body"]) or _shape_problem(policy_type, filled)
        return lack or self._made(path, raw, policy_type, filled)

    def _find_problem(self, policy_type: str, body: dict[str, Any], raw: RawPolicy) -> str:
        if not policy_type:
            return raw.partial or _NO_TYPE
        if not is_of_type(body, policy_type):
            return "Its @odata.type is of another policy type than the rest of it."
        scar = powershell.find_scar(body)
        if scar:
            return f"PowerShell cut it off: {scar[:100]} is a text where an object was."
        return raw.partial or bodies.without_prefix_problem(body)

    def _add_settings_beside(self, path: str, raw: RawPolicy) -> None:
        """Take an intent's settings from the file beside it, as older versions of IntuneManagement keep them."""
        beside = path.removesuffix(".json") + _SETTINGS_BESIDE
        document = self._documents.get(beside)
        if "settings" in raw.body or "templateId" not in raw.body or document is None:
            return
        value = document.value
        if isinstance(value, dict) and isinstance(value.get("settings"), list | dict):
            settings = value["settings"]
            raw.body["settings"] = settings if isinstance(settings, list) else [settings]
            self._say(beside, FileState.BESIDE, "It holds the settings of an intent.", raw.format)
            self._folders.beside[beside] = self._results[beside]

    def _made(self, path: str, raw: RawPolicy, policy_type: str, content: dict[str, Any]) -> ForeignPolicy:
        row, body = POLICY_TYPES[policy_type], content["body"]
        if raw.name and not any(body.get(name) for name in (row.name_property, "displayName", "name")):
            body[row.name_property] = raw.name
        name = policy_name(row, body)
        own = body.get("id")
        if not isinstance(own, str) or not own or len(own) > 200:
            body.pop("id", None)
            own = stand_in(policy_type, name)
        policy = ForeignPolicy(path, raw.format, policy_type, own, name, content, findings=raw.findings)
        folders.compare_scripts(self._folders, policy)
        return policy

    # --- afterwards --------------------------------------------------------------------------------------------------

    def _finish(self) -> None:
        self._tell_apart()
        ids, learnt = self._ids_by_name(), dict(self._folders.names)
        for policy in self._policies:
            learnt[policy.policy_type, policy.graph_id.lower()] = policy.name
        for policy in self._policies:
            self._go_on()
            names.replace_names(policy, ids, learnt)
        for policy in self._policies:
            names.name_references(policy, learnt)
            policy.placeholders = placeholders.find(policy.content)
            for placeholder in policy.placeholders:
                text = f"“{placeholder[:60]}” has to be filled in before it can be restored."
                policy.note(FindingKind.ASK, text)
            completeness.note_what_is_missing(policy)
        completeness.note_states(self._policies)
        completeness.note_doubles(self._policies)
        for path in self._documents:
            if path not in self._results and path not in self._folders.beside:
                why = "It holds assignments, and the policy that they are of is not beside it."
                self._say(path, FileState.LEFT_OUT, why, ForeignFormat.INTUNE_BACKUP)

    def _tell_apart(self) -> None:
        """Give policies without an id that share type and name stand-ins of their own."""
        seen: dict[tuple[str, str], int] = {}
        for policy in self._policies:
            key = (policy.policy_type, policy.graph_id.lower())
            seen[key] = seen.get(key, 0) + 1
            if seen[key] > 1 and policy.has_own_id:
                policy.note(FindingKind.TWICE, "Another policy of the export has the same id.")
            if seen[key] > 1:
                policy.graph_id = stand_in(policy.policy_type, f"{policy.name}\n{policy.path}\n{seen[key]}")

    def _ids_by_name(self) -> dict[tuple[str, str], str]:
        """Return {(kind, name): id} of what the export has exactly one of."""
        found: dict[tuple[str, str], set[str]] = {}
        for (kind, object_id), name in self._folders.names.items():
            found.setdefault((kind, name), set()).add(object_id)
        for policy in self._policies:
            found.setdefault((policy.policy_type, policy.name.strip()), set()).add(policy.graph_id.lower())
        only = {key: next(iter(ids)) for key, ids in found.items() if len(ids) == 1}
        return {key: object_id for key, object_id in only.items() if _may_refer(key[0], object_id)}


_NO_TYPE = "Nothing in it says of which policy type it is, so it is taken for no policy."


def _may_refer(kind: str, object_id: str) -> bool:
    """Tell whether the id may stand in a reference: scope tags and contexts have numbers, all else GUIDs."""
    return kind in ("roleScopeTags", "authenticationContextClassReferences") or bool(GUID.fullmatch(object_id))


def _has_name(value: Any) -> bool:
    return isinstance(value, dict) and ("displayName" in value or "name" in value)


def _joined(whys: list[str]) -> str:
    return " ".join(dict.fromkeys(whys))[:500]


def _shape_problem(policy_type: str, content: dict[str, Any]) -> str:
    if shape.is_content(policy_type, content):
        return ""
    place = shape.find_problem(policy_type, content)
    return f"It is damaged: {''.join(filter(str.isprintable, place))[:80]} is not what it should be."
