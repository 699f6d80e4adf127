"""Microsoft's own model of Graph beta, as far as we use it: which routes, options and navigations there are.

tests/graph/microsoft/*.jsonl are an extract of what was read out of Microsoft's Python package msgraph-beta-sdk (see
SOURCE), which Microsoft generates from the metadata of Graph beta. The facts are Microsoft's: "Copyright (c) Microsoft
Corporation. All Rights Reserved. Licensed under the MIT license."

To renew them: make new routes.json.gz and schema.json.gz from a newer package, in the form of ../shared/schema (its
README says how), then `make microsoft-model`, or `python -m tests.graph.microsoft_model <folder>`.
"""

import gzip
import json
import re
import sys
from functools import cache
from pathlib import Path

from graph.policy_types import POLICY_TYPES

SOURCE = "msgraph-beta-sdk 1.66.0"
HERE = Path(__file__).parent / "microsoft"
WHOLE = Path(__file__).parents[2].parent / "shared" / "schema"
# Besides the collections of the policy types.
OTHERS = (
    "/groups", "/groups/{}", "/organization", "/deviceManagement/templates/{}/createInstance",
    "/deviceManagement/groupPolicyDefinitions", "/deviceManagement/groupPolicyCategories",
    "/deviceManagement/operationApprovalRequests",
)  # fmt: skip
# What devices and people report back, and views of one collection by its subtypes: nothing that we read or write.
_LEFT_OUT = re.compile(r"\$count|States?\b|Status(es)?\b|Summar(y|ies)\b|Overview|mobileApps/(?:\{\}/)?graph\.")
EXACT = frozenset({"/groups", "/groups/{}", "/organization"})


def load(name):
    return [json.loads(line) for line in (HERE / f"{name}.jsonl").read_text().splitlines()]


@cache
def routes():
    return {one["route"]: one for one in load("routes")}


@cache
def types():
    return {one["type"]: one for one in load("types")}


def lineage(name):
    """A type and those it comes from."""
    while name:
        yield name
        name = types().get(name, {}).get("parent")


def navigations(name):
    """Navigation -> the type it leads to; "many …" where to several."""
    return {key: to for one in lineage(name) for key, to in types().get(one, {}).get("navigation", {}).items()}


def properties(name):
    return {key for one in lineage(name) for key in types().get(one, {}).get("properties", ())}


# --- drawing the extract ---------------------------------------------------------------------------------------------


def draw(folder):
    """The extract's two files, as lists of lines."""
    whole = {
        name: json.loads(gzip.decompress((folder / f"{name}.json.gz").read_bytes())) for name in ("routes", "schema")
    }
    kept = {route: one for route, one in whole["routes"].items() if _is_ours(route)}
    model = whole["schema"]["types"]
    return {"routes": [_route(name, kept[name]) for name in sorted(kept)], "types": _types(kept, model)}


def _is_ours(route):
    roots = (*(one.path for one in POLICY_TYPES.values()), *OTHERS)
    below = route in roots or any(route.startswith(f"{root}/") for root in roots if root not in EXACT)
    return below and not _LEFT_OUT.search(route)


def _route(name, one):
    methods = {}
    for verb, method in sorted(one["methods"].items()):
        what = sorted(method["fields"]) if "fields" in method else method.get("body", method["answer"])
        methods[verb] = what if isinstance(what, list) else _graph_name(what)
    return {"route": name, **methods, **({"query": " ".join(one["query"])} if one["query"] else {})}


def _graph_name(name):
    """As Graph writes it: the package writes types with a capital."""
    bare = name.removesuffix("CollectionResponse")
    return None if bare == "None" else bare[:1].lower() + bare[1:]


def _types(kept, model):
    answered = {method["answer"].removesuffix("CollectionResponse") for one in kept.values()
                for method in one["methods"].values()}  # fmt: skip
    shown = {name for one in answered for name in _lineage(one, model)} & model.keys()
    referring = {name for name in model if "DeviceConfiguration" in _lineage(name, model)}
    return [_type(name, model, with_properties=name in shown) for name in sorted(shown | referring)]


def _lineage(name, model):
    found = []
    while name:
        found.append(name)
        name = model.get(name, {}).get("parent")
    return found


def _type(name, model, *, with_properties):
    own = model[name]["properties"]
    navigation = {key: _target(one) for key, one in sorted(own.items())
                  if one["type"] and "Entity" in _lineage(one["type"], model)}  # fmt: skip
    parent = model[name]["parent"]
    return {
        "type": _graph_name(name),
        **({"parent": _graph_name(parent)} if parent else {}),
        **({"navigation": navigation} if navigation else {}),
        **({"properties": sorted(own)} if with_properties and own else {}),
    }


def _target(one):
    return ("many " if one["get"].startswith("get_collection") else "") + _graph_name(one["type"])


def lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def main(folder=WHOLE):
    for name, rows in draw(folder).items():
        (HERE / f"{name}.jsonl").write_text(lines(rows))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
