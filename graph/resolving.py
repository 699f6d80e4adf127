"""What a reference of a backup stands for in the target tenant; never "the first of several", never a silent default.

In this order: what this restore itself makes or finds, the mapping of the two tenants, the same id in the same tenant
(or a built-in's, which is the same everywhere), the one object of that name.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from graph.client import Answer
from graph.completing import Proof, Steps, body_of, pages_of
from graph.errors import GraphError, NotFound, Rejected, Throttled
from graph.reading import Listed
from graph.references import (
    AGREEMENTS,
    APPLICATIONS,
    DEFINITIONS,
    DROP,
    GROUPS,
    PRESENTATIONS,
    TOKENS,
    USERS,
    Reference,
    holders,
    policy_types_of,
    rewrite,
)

Key = tuple[str, str]


@dataclass(frozen=True)
class Source:
    """What the backup knows of an object besides its id."""

    name: str | None = None
    odata_type: str | None = None
    platform: str | None = None
    # Of an ADMX definition: class and category; of a presentation: its definition's id.
    within: str = ""


@dataclass(frozen=True)
class Resolution:
    """`how`: same, mapping, name, restored (by `item` of this restore), dropped, unresolved (`why` says it)."""

    kind: str
    id: str
    name: str | None
    how: str
    to: str | None = None
    to_name: str | None = None
    item: int | None = None
    is_assignment: bool = False
    why: str = ""


@dataclass
class Directory:
    """What the target tenant has: its policies by policy type, and what was looked up one by one."""

    listed: dict[str, list[Listed] | GraphError]
    # (kind, id) -> name, of those that are there.
    by_id: dict[Key, str | None] = field(default_factory=dict)
    # (kind, name) -> [(id, name)].
    by_name: dict[Key, list[tuple[str, str | None]]] = field(default_factory=dict)
    # Kinds that the app may not read: what is of them can be neither found nor refused.
    unreadable: set[str] = field(default_factory=set)
    # (kind, id or name) -> why it could not be looked up, though others of its kind were.
    not_answered: dict[Key, str] = field(default_factory=dict)
    # ADMX definitions that somebody imported into the target: (name, class and category) -> ids.
    custom: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    # (definition id, label) -> presentation ids.
    presentations: dict[Key, list[str]] = field(default_factory=dict)
    # What is not to be had now never will be.
    is_last_try: bool = False

    def has_answer(self, key: Key, answer: Answer) -> bool:
        """False: there is none, and the directory knows why. Raises the error that another try may mend."""
        error = answer.error
        if error is None or isinstance(error, NotFound):
            return error is None
        if isinstance(error, Rejected):
            self.unreadable.add(key[0])
        elif self.is_last_try and not isinstance(error, Throttled):
            self.not_answered[key] = error.sentence
        else:
            raise error
        return False


_ONE: Mapping[str, Callable[[str], str]] = {
    GROUPS: lambda one: f"/groups/{quote(one, safe='')}?$select=id,displayName",
    USERS: lambda one: f"/users/{quote(one, safe='')}?$select=id,displayName,userPrincipalName",
    APPLICATIONS: lambda one: f"/servicePrincipals?$filter=appId eq '{quote(one, safe='')}'&$select=appId,displayName",
    AGREEMENTS: lambda one: f"/identityGovernance/termsOfUse/agreements/{quote(one, safe='')}?$select=id,displayName",
    TOKENS: lambda one: f"/deviceManagement/depOnboardingSettings/{quote(one, safe='')}",
    DEFINITIONS: lambda one: f"/deviceManagement/groupPolicyDefinitions/{quote(one, safe='')}",
}
_CUSTOM = (
    "/deviceManagement/groupPolicyCategories?$expand=definitions($select=id,displayName,categoryPath,classType)"
    "&$select=id,displayName&$filter=ingestionSource eq 'custom'"
)


def look_up(directory: Directory, references: Iterable[Reference], sources: Mapping[Key, Source],
            mapped: Mapping[Key, str], *, is_last_try: bool = False) -> Steps:  # fmt: skip
    """Ask Graph for what no list holds: by id, by a mapping's id and by name. Fills `directory`.

    With the last try, an answer that is not to be had costs the reference that it is about, and no other.
    """
    directory.is_last_try = is_last_try
    wanted = {(one.kind, one.id) for one in references if one.kind in _ONE}
    wanted |= {(kind, mapped[kind, one]) for kind, one in wanted if (kind, one) in mapped}
    yield from _by_id(directory, sorted(wanted))
    names = sorted(
        {(kind, name) for kind, one in wanted if kind == GROUPS and (name := sources.get((kind, one), Source()).name)}
    )
    yield from _groups_by_name(directory, names)
    if any(kind == DEFINITIONS and (kind, one) not in directory.by_id for kind, one in wanted):
        yield from _custom_definitions(directory)


def _by_id(directory: Directory, keys: list[Key]) -> Steps:
    if not keys:
        return
    answers: list[Answer] = yield [_ONE[kind](one) for kind, one in keys]
    for (kind, one), answer in zip(keys, answers, strict=True):
        if not directory.has_answer((kind, one), answer):
            continue
        body = body_of(answer)
        found = body["value"][0] if isinstance(body.get("value"), list) and body["value"] else body
        if kind != APPLICATIONS or body.get("value"):
            directory.by_id[kind, one] = found.get("displayName") or found.get("userPrincipalName")


def _groups_by_name(directory: Directory, names: list[Key]) -> Steps:
    if not names:
        return
    answers: list[Answer] = yield [
        f"/groups?$filter=displayName eq '{quote(_literal(name), safe='')}'&$select=id,displayName" for _, name in names
    ]
    for key, answer in zip(names, answers, strict=True):
        if not directory.has_answer(key, answer):
            continue
        listed = yield from pages_of(body_of(answer), Proof())
        directory.by_name[key] = [(str(one.get("id")), one.get("displayName")) for one in listed]


def _literal(text: str) -> str:
    return text.replace("'", "''")


def _custom_definitions(directory: Directory) -> Steps:
    """Each import of an ADMX file gives its definitions new ids: they are found by what they say."""
    [answer] = yield [quote(_CUSTOM, safe="/?&=$(),")]
    if not directory.has_answer((DEFINITIONS, ""), answer):
        return
    categories = yield from pages_of(body_of(answer), Proof())
    definitions = [one for category in categories for one in category.get("definitions") or ()]
    for one in definitions:
        directory.custom.setdefault((str(one.get("displayName")), within(one)), []).append(str(one.get("id")))
    yield from _presentations(directory, [str(one.get("id")) for one in definitions])


def _presentations(directory: Directory, ids: list[str]) -> Steps:
    if not ids:
        return
    answers: list[Answer] = yield [f"/deviceManagement/groupPolicyDefinitions/{one}/presentations" for one in ids]
    for one, answer in zip(ids, answers, strict=True):
        if not directory.has_answer((PRESENTATIONS, one), answer):
            continue
        for presentation in (yield from pages_of(body_of(answer), Proof())):
            key = (one, str(presentation.get("label")))
            directory.presentations.setdefault(key, []).append(str(presentation.get("id")))


def named_inside(policy_type: str, content: dict[str, Any]) -> dict[Key, Source]:
    """The names that a content itself says of what it refers to."""
    found = {
        (reference.kind, reference.id): Source(holder["displayName"], holder.get("@odata.type"), within=within(holder))
        for reference, holder in holders(policy_type, content)
        if holder.get("displayName")
    }
    for value in content["body"].get("definitionValues") or ():
        for one in value.get("presentationValues") or ():
            presentation, definition = one.get("presentation") or {}, value.get("definition") or {}
            found[PRESENTATIONS, str(presentation.get("id"))] = Source(
                presentation.get("label"), within=str(definition.get("id"))
            )
    return found


def within(definition: Mapping[str, Any]) -> str:
    return f"{definition.get('classType')} {definition.get('categoryPath')}"


class Resolver:
    """Resolves the references of one restore. `made`: what its own items become, by (policy type, source id)."""

    def __init__(
        self,
        directory: Directory,
        sources: Mapping[Key, Source],
        mapped: Mapping[Key, str],
        *,
        same_tenant: bool,
        drop_missing: bool,
        is_anothers: Callable[[str, str, str], bool] = lambda policy_type, source_id, target_id: False,
    ) -> None:
        """`is_anothers`: a namesake stands for another object of the source than the one of this id."""
        self._is_anothers = is_anothers
        self._directory, self._sources, self._mapped = directory, sources, mapped
        self._same_tenant, self._drop_missing = same_tenant, drop_missing
        # (policy type, source id) -> (item, its id in the target or None while it is yet to be made).
        self.made: dict[Key, tuple[int, str | None]] = {}

    def resolve(self, reference: Reference) -> Resolution:
        source = self._sources.get((reference.kind, reference.id), Source())
        found = self._found(reference, source)
        if found.how == "unresolved" and reference.is_assignment and self._drop_missing:
            return self._as(reference, source, "dropped", why=found.why)
        return found

    def _found(self, reference: Reference, source: Source) -> Resolution:
        for key in policy_types_of(reference.kind):
            if (key, reference.id) in self.made:
                item, to = self.made[key, reference.id]
                return self._as(reference, source, "restored", to, item=item)
        mapped = self._mapped.get((reference.kind, reference.id))
        if mapped and self._is_there(reference.kind, mapped):
            return self._as(reference, source, "mapping", mapped)
        if self._keeps_id(reference):
            return self._as(reference, source, "same", reference.id)
        if reference.kind == PRESENTATIONS:
            return self._presentation(reference, source)
        return self._by_name(reference, source)

    def _as(self, reference: Reference, source: Source, how: str, to: str | None = None, *, item: int | None = None,
            why: str = "") -> Resolution:  # fmt: skip
        name = self._name(reference.kind, to) if to else None
        return Resolution(reference.kind, reference.id, source.name, how, to, name, item, reference.is_assignment, why)

    def _keeps_id(self, reference: Reference) -> bool:
        # An app's id is the same in every tenant that has it, and so is that of a definition that Microsoft ships.
        if self._same_tenant or reference.kind in (APPLICATIONS, DEFINITIONS):
            return self._is_there(reference.kind, reference.id)
        return any(one.graph_id == reference.id and one.is_built_in for one in self._lists(reference.kind))

    def _is_there(self, kind: str, one: str) -> bool:
        if kind == PRESENTATIONS:
            definition = self._sources.get((kind, one), Source()).within
            return self._is_there(DEFINITIONS, definition)
        if not policy_types_of(kind):
            return (kind, one) in self._directory.by_id or kind in self._directory.unreadable
        return any(listed.graph_id == one for listed in self._lists(kind))

    def _lists(self, kind: str) -> list[Listed]:
        return [one for key in policy_types_of(kind) for one in self._listed(key)]

    def _listed(self, policy_type: str) -> list[Listed]:
        listed = self._directory.listed.get(policy_type, [])
        return listed if isinstance(listed, list) else []

    def _name(self, kind: str, one: str) -> str | None:
        names = [listed.name for listed in self._lists(kind) if listed.graph_id == one]
        return names[0] if names else self._directory.by_id.get((kind, one))

    def _by_name(self, reference: Reference, source: Source) -> Resolution:
        if reference.kind == APPLICATIONS and (APPLICATIONS, reference.id) not in self._directory.not_answered:
            why = "The tenant has no enterprise application of this id."
            return self._as(reference, source, "unresolved", why=why)
        if source.name is None:
            return self._as(reference, source, "unresolved", why="The backup does not know its name.")
        found = self._named(reference, source)
        if len(found) == 1:
            return self._as(reference, source, "name", found[0])
        why = f"{len(found)} of this name are there: say which with a mapping." if found else self._absent(reference)
        return self._as(reference, source, "unresolved", why=why)

    def _absent(self, reference: Reference) -> str:
        kind, name = reference.kind, self._sources.get((reference.kind, reference.id), Source()).name
        for key in ((kind, reference.id), (kind, str(name)), (kind, "")):
            if key in self._directory.not_answered:
                return f"It could not be looked up: {self._directory.not_answered[key]}"
        refused = [self._directory.listed.get(key) for key in policy_types_of(kind)]
        is_unreadable = kind in self._directory.unreadable or any(isinstance(one, GraphError) for one in refused)
        return "The app may not read what is there." if is_unreadable else "It is not there."

    def _named(self, reference: Reference, source: Source) -> list[str]:
        kind = reference.kind
        if kind == DEFINITIONS:
            return self._directory.custom.get((str(source.name), source.within), [])
        if not policy_types_of(kind):
            return [one for one, _ in self._directory.by_name.get((kind, str(source.name)), [])]
        return [
            one.graph_id
            for key in policy_types_of(kind)
            for one in self._listed(key)
            if _is_like(one, source) and not self._is_anothers(key, reference.id, one.graph_id)
        ]

    def _presentation(self, reference: Reference, source: Source) -> Resolution:
        definition = self._found(Reference(DEFINITIONS, source.within), self._sources.get((DEFINITIONS, source.within),
                                                                                          Source()))  # fmt: skip
        found = self._directory.presentations.get((str(definition.to), str(source.name)), [])
        if len(found) == 1:
            return self._as(reference, source, "name", found[0])
        return self._as(reference, source, "unresolved", why="Its administrative template is not there.")


def _is_like(one: Listed, source: Source) -> bool:
    """Of that name, and of that type and platform where the backup knows them."""
    return (
        one.name.strip() == str(source.name).strip()
        and (source.odata_type is None or one.odata_type is None or one.odata_type == source.odata_type)
        and (source.platform is None or one.platform is None or one.platform == source.platform)
    )


def apply(
    policy_type: str, content: dict[str, Any], resolutions: Iterable[Resolution], created: Mapping[int, str]
) -> dict[str, Any]:
    """The content with each id replaced; `created` says what the restore's own items became.

    What is yet to be made keeps the backup's id: a preview compares, and writes nothing.
    """
    known = {(one.kind, one.id, one.is_assignment): one for one in resolutions}

    def replace(reference: Reference) -> Any:
        one = known[reference.kind, reference.id, reference.is_assignment]
        if one.how == "dropped":
            return DROP
        return one.to or created.get(one.item or 0) or reference.id

    return rewrite(policy_type, content, replace)
