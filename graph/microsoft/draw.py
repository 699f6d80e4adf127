"""Draw the extract of Microsoft's model from its package: `python -m graph.microsoft.draw msgraph_beta_sdk-….whl`.

The package's Python is read as text; nothing of it is imported or run. What is kept: the routes that roots.txt
names, and every type that a body on one of those routes may hold.
"""

import json
import posixpath
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any
from zipfile import ZipFile

HERE = Path(__file__).parent
GENERATED = "msgraph_beta/generated/"

_ROOTS = [line for line in (HERE / "roots.txt").read_text().splitlines() if line and not line.startswith("#")]
# Each with all that lies below it; and those of which only they themselves are kept.
ROOTS = tuple(line for line in _ROOTS if not line.startswith("="))
EXACTLY = frozenset(line[1:] for line in _ROOTS if line.startswith("="))
# What devices and people report back, and views of one collection by its subtypes: nothing that we read or write.
_LEFT_OUT = re.compile(r"\$count|States?\b|Status(es)?\b|Summar(y|ies)\b|Overview|mobileApps/(?:\{\}/)?graph\.")
# Navigations that lead away from what a policy holds: to devices, people, groups, and what they report.
_AWAY = re.compile(
    r"State(s|Summary)?$|Status(es)?$|Summar(y|ies)$|Overview$|(?<!\baudit)Events?$|"
    r"^(user|device|managedDevice|group|directoryObject|application|servicePrincipal|cloudPC|organization)$"
)
# Of these tops of whole trees, only the properties named lead to anything of ours.
_FOLLOWED = {
    "deviceManagement": ("settings",),
    "directoryObject": (),
    "entity": (),
    "identity": (),
    "policyDeletableItem": (),
}
_KINDS = {
    "str": "string", "bool": "boolean", "int": "integer", "float": "number", "datetime": "dateTime", "date": "date",
    "time": "time", "timedelta": "duration", "bytes": "binary", "uuid": "guid",
}  # fmt: skip
_PRIMITIVES = {"str": "string", "int": "integer", "UUID": "guid", "float": "number", "bool": "boolean"}


class Package:
    """The package's generated Python, by module: "msgraph_beta/generated/models/web_app"."""

    def __init__(self, wheel: Path) -> None:
        with ZipFile(wheel) as file:
            self._texts = {
                name.removesuffix(".py"): file.read(name).decode()
                for name in file.namelist()
                if name.startswith(GENERATED) and name.endswith(".py")
            }

    def builders(self) -> Iterator[tuple[str, str]]:
        yield from ((name, text) for name, text in self._texts.items() if name.endswith("_request_builder"))

    def text(self, module: str) -> str:
        return self._texts.get(module, "")

    @cached_property
    def tags(self) -> dict[str, str]:
        """Class -> its @odata.type without the prefix, as every discriminator gives it."""
        tag_of = {}
        for name, text in self._texts.items():
            if name.startswith(f"{GENERATED}models/"):
                pattern = r'== "#microsoft\.graph\.([\w.]+)"\.casefold\(\):\s+from (\S+) import \w+'
                for tag, source in re.findall(pattern, text):
                    module = _module(name, source)
                    # The package itself mixes up types of one name in two namespaces.
                    if tag.rpartition(".")[0] == _space(module):
                        tag_of[module] = tag
        return tag_of


def _module(here: str, source: str) -> str:
    """The module that `from {source} import …` names in the module `here`."""
    dots = len(source) - len(source.lstrip("."))
    up = posixpath.join(posixpath.dirname(here), *[".."] * (dots - 1), *source.lstrip(".").split("."))
    return posixpath.normpath(up)


def _space(module: str) -> str:
    """The namespace below microsoft.graph: "windowsUpdates"; a type that is called as a namespace lies inside it."""
    folder, bare = posixpath.split(posixpath.relpath(module, f"{GENERATED}models"))
    return "" if folder in ("", bare) else re.sub(r"_(\w)", lambda match: match[1].upper(), folder)


def _imports(module: str, text: str) -> dict[str, str]:
    return {name: _module(module, source) for source, name in re.findall(r"from (\.\S+) import (\w+)", text)}


class Type:
    """A class of the package."""

    def __init__(self, package: Package, module: str) -> None:
        self._package, self.module, self.leads_away = package, module, False
        self._text = package.text(module)
        self._imports = _imports(module, self._text)

    @property
    def name(self) -> str:
        """The name as Graph writes it: the package writes types with a capital, and Graph its own tags otherwise
        still.
        """
        return self._package.tags.get(self.module) or self._lower()

    def _lower(self) -> str:
        match = re.search(r"^class (\w+)\(", self._text, re.MULTILINE)
        bare = match[1] if match else posixpath.basename(self.module)
        space = _space(self.module)
        return (f"{space}." if space else "") + bare[:1].lower() + bare[1:]

    @property
    def is_enum(self) -> bool:
        return "(str, Enum)" in self._text

    @property
    def members(self) -> list[str]:
        return re.findall(r'^    \w+ = "([^"]*)",', self._text, re.MULTILINE)

    @property
    def parent(self) -> str | None:
        match = re.search(r"^class \w+\((\w+), Parsable\)", self._text, re.MULTILINE)
        return self._imports.get(match[1]) if match else None

    @property
    def is_abstract(self) -> bool:
        """Microsoft's own sentence about it says so; where it is silent, so is this."""
        match = re.search(r'^class .*\n    """\n(.*)\n', self._text, re.MULTILINE)
        return bool(match and re.search(r"\babstract\b", match[1], re.IGNORECASE))

    @property
    def subtypes(self) -> set[str]:
        """None of what stands at the top of everything."""
        return set() if self.name in _FOLLOWED else {_module(self.module, source) for source in
                re.findall(r'casefold\(\):\s+from (\S+) import', self._text)} - {self.module}  # fmt: skip

    def properties(self) -> Iterator[tuple[str, str, str | None]]:
        """(name, what it is in the words of types.jsonl, the module of its type): those worth keeping."""
        for row in self._properties():
            if row[2] is None or not self.leads_away or row[0] in _FOLLOWED.get(self.name, ()):
                yield row

    def _properties(self) -> Iterator[tuple[str, str, str | None]]:
        pattern = r'"([^"]+)": lambda n : setattr\(self, \'(\w+)\', n\.get_(\w+?)\((\w*)\)\)'
        for name, attribute, how, class_name in re.findall(pattern, self._text):
            if name == "@odata.type":
                continue
            to = self._imports.get(class_name)
            what = self._what(attribute, how, class_name, to)
            mark = "read-only " if self._is_read_only(attribute) else ""
            yield name, mark + what, to

    def _what(self, attribute: str, how: str, class_name: str, to: str | None) -> str:
        if how == "collection_of_primitive_values":
            return f"[{_PRIMITIVES[class_name]}]"
        if not how.endswith(("enum_value", "enum_values", "object_value", "object_values")):
            return _KINDS[how.removesuffix("_value")]
        target = "any" if class_name == "UntypedNode" else Type(self._package, to).name if to else "any"
        if how == "enum_value":
            return f"enum {target}"
        if how == "collection_of_enum_values":
            # The package reads both alike; its own annotation tells one comma-separated string from a list.
            is_list = re.search(rf"^    {attribute}: Optional\[list\[", self._text, re.MULTILINE)
            return f"[enum {target}]" if is_list else f"flags {target}"
        return target if how == "object_value" else f"[{target}]"

    def _is_read_only(self, attribute: str) -> bool:
        match = re.search(rf"^    # (.*)\n    {attribute}: ", self._text, re.MULTILINE)
        return bool(match and re.search(r"read[- ]?only", match[1], re.IGNORECASE))


# --- routes ----------------------------------------------------------------------------------------------------------


def routes(package: Package) -> dict[str, dict[str, Any]]:
    """Template -> {"methods": {verb: module of the body, of the answer, the fields of an action}, "query": […]}."""
    by_template = {}
    for module, text in package.builders():
        template = re.search(r'super\(\).__init__\(request_adapter, "\{\+baseurl\}([^"]*)"', text)
        if template is None:
            continue
        path, _, query = template[1].replace("{?", "\n{?").partition("\n")
        path = re.sub(r"\{[^}]*\}", "{}", path.replace("%24", "$"))
        if _is_kept(path):
            names = [name.replace("%24", "$").rstrip("*") for name in query.strip("{?}").split(",") if name]
            by_template[path] = {"methods": dict(_methods(package, module, text)), "query": names}
    return by_template


def _is_kept(path: str) -> bool:
    if path in EXACTLY:
        return True
    return any(path == root or path.startswith((f"{root}/", f"{root}(")) for root in ROOTS) and not _LEFT_OUT.search(
        path
    )


def _methods(package: Package, module: str, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    imports = _imports(module, text)
    pattern = r"async def (get|post|patch|put|delete)\(self,(?:body: (\w+), )?.*?\) -> (.*):"
    for verb, body, answer in re.findall(pattern, text):
        yield verb.upper(), {"body": imports.get(body), "answer": _answered(package, imports, answer)}


def _answered(package: Package, imports: dict[str, str], answer: str) -> str | None:
    """The module of what is answered: of a list, that of its elements."""
    bare = answer.removeprefix("Optional[").rstrip("]")
    module = imports.get(bare)
    if module and bare.endswith("Response"):
        text = package.text(module)
        element = re.search(r'"value": .*get_collection_of_object_values\((\w+)\)', text)
        return _imports(module, text).get(element[1]) if element else None
    return module


# --- the extract -----------------------------------------------------------------------------------------------------


def extract(package: Package) -> dict[str, list[dict[str, Any]]]:
    """The rows of the three files."""
    route_rows = routes(package)
    types = _closure(package, {module for route in route_rows.values() for method in route["methods"].values()
                               for module in method.values() if module})  # fmt: skip
    enums = sorted((drawn for drawn in types.values() if drawn.is_enum), key=lambda drawn: drawn.name)
    shown = sorted(
        (drawn for drawn in types.values() if not drawn.is_enum and not _is_action(drawn)), key=lambda drawn: drawn.name
    )
    return {
        "routes": [_route(package, path, route_rows[path]) for path in sorted(route_rows)],
        "types": [_type(package, drawn) for drawn in shown],
        "enums": [{"enum": enum.name, "members": enum.members} for enum in enums],
    }


def _is_action(graph_type: Type) -> bool:
    return graph_type.module.startswith(GENERATED) and "/models/" not in graph_type.module


def _closure(package: Package, modules: set[str]) -> dict[str, Type]:
    """All that a body may hold. An entity that no route answers and no action takes is another's: its scalars."""
    action_fields = {
        to for module in modules if "/models/" not in module for _, _, to in Type(package, module).properties() if to
    }
    answered = {
        member.module for module in modules | action_fields for member in _family(package, Type(package, module))
    }
    types: dict[str, Type] = {}
    todo = list(modules)
    while todo:
        module = todo.pop()
        if module in types or not package.text(module):
            continue
        graph_type = types[module] = Type(package, module)
        graph_type.leads_away = _is_entity(package, graph_type) and (
            module not in answered or graph_type.name in _FOLLOWED or bool(_AWAY.search(graph_type.name))
        )
        todo += [graph_type.parent] if graph_type.parent else []
        todo += [to for _, _, to in graph_type.properties() if to]
        todo += [] if graph_type.leads_away else graph_type.subtypes
    return types


def _family(package: Package, graph_type: Type) -> Iterator[Type]:
    """A type, those it comes from, and those that come from it."""
    for subtype in graph_type.subtypes:
        yield Type(package, subtype)
    while True:
        yield graph_type
        if not graph_type.parent:
            return
        graph_type = Type(package, graph_type.parent)


def _is_entity(package: Package, graph_type: Type) -> bool:
    return any(each.name == "entity" for each in list(_family(package, graph_type))[len(graph_type.subtypes) :])


def _type(package: Package, graph_type: Type) -> dict[str, Any]:
    parent = Type(package, graph_type.parent).name if graph_type.parent else None
    return {
        "type": graph_type.name,
        **({"parent": parent} if parent else {}),
        **({"abstract": True} if graph_type.is_abstract else {}),
        "properties": {name: what for name, what, _ in sorted(graph_type.properties())},
    }


def _route(package: Package, path: str, row: dict[str, Any]) -> dict[str, Any]:
    methods = {verb: _body(package, method) for verb, method in sorted(row["methods"].items())}
    return {"route": path, **methods, **({"query": " ".join(row["query"])} if row["query"] else {})}


def _body(package: Package, method: dict[str, Any]) -> Any:
    """The type of the body, or of the answer where there is none; an action's fields, by name."""
    module = method["body"] or method["answer"]
    if module is None:
        return None
    graph_type = Type(package, module)
    return (
        {name: what for name, what, _ in sorted(graph_type.properties())} if _is_action(graph_type) else graph_type.name
    )


def lines(rows: Iterable[dict[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def main(wheel: Path) -> None:
    for name, rows in extract(Package(wheel)).items():
        (HERE / f"{name}.jsonl").write_text(lines(rows))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
