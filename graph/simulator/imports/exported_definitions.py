"""Definitions of real settings, as other people's repositories hold them: Graph's own answers, and tables of names.

Answers are taken as they are. From a table a definition is made that says what the table says and no more: an id that
only the settings of policies show to be a choice has the options that a table labels.
"""

import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from graph.simulator.model.collections import DM
from graph.simulator.store import catalogue
from graph.simulator.store.catalogue import Definition

SETTINGS, CATEGORIES, OF_INTENTS = (
    f"{DM}/configurationSettings",
    f"{DM}/configurationCategories",
    f"{DM}/settingDefinitions",
)
_TYPE = "#microsoft.graph.deviceManagementConfiguration"
# A table of names gives no version; the service always does.
_VERSION = "638773344000000000"
_KINDS = {"Choice": "ChoiceSetting", "Simple": "SimpleSetting", "SettingGroupCollection": "SettingGroupCollection",
          "SettingGroup": "SettingGroup", "ChoiceSettingCollection": "ChoiceSettingCollection",
          "SimpleSettingCollection": "SimpleSettingCollection"}  # fmt: skip


def load_definitions(directory: Path) -> int:
    """Have the service know all definitions below a folder. Return how many those are, categories aside."""
    tables = [_rows(path) for path in sorted(directory.rglob("*.tsv"))]
    options = _options(row for table in tables for row in table if "itemIdSuffix" in row)
    named = [row for table in tables for row in table if "friendlyName" in row]
    made = [_from_row(row, options.get(row["itemId"].lower(), {})) for row in named]
    answered, categories, labels = _from_files(sorted(directory.rglob("*.json")))
    catalogue.add(CATEGORIES, [*_made_categories(named, categories), *categories])
    # An answer of Graph's says more than a row of a table, and comes after it.
    known = {each["id"]: each for each in (*made, *answered)}
    return catalogue.add(SETTINGS, known.values()) + catalogue.add(OF_INTENTS, _of_intents(labels))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [
            {name: value or "" for name, value in row.items() if name} for row in csv.DictReader(file, delimiter="\t")
        ]


def _options(rows: Iterable[dict[str, str]]) -> dict[str, dict[str, str]]:
    """Return {id of a setting: {suffix of the option's id: label}}; of two labels the first."""
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        found.setdefault(row["settingDefinitionId"].lower(), {}).setdefault(row["itemIdSuffix"], row["label"])
    return found


def _from_row(row: dict[str, str], options: dict[str, str]) -> Definition:
    definition_id = row["itemId"].lower()
    kind = _KINDS.get(row["controlType"], "SimpleSetting")
    made: Definition = {
        "@odata.type": f"{_TYPE}{kind}Definition", "id": definition_id, "name": row["name"], "description": None,
        "displayName": row["friendlyName"], "helpText": "", "categoryId": _category_id(row["categoryName"]),
        "baseUri": row["baseUri"], "offsetUri": row["offsetUri"], "rootDefinitionId": definition_id, "keywords": [],
        "infoUrls": [], "occurrence": None, "version": _VERSION, "settingUsage": "configuration",
    }  # fmt: skip
    if kind.startswith("Choice"):
        made["options"] = [
            {"itemId": f"{definition_id}_{suffix}", "name": label, "displayName": label, "description": None}
            for suffix, label in options.items()
        ]
    return made


def _category_id(path: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"category {path}")) if path else ""


def _made_categories(rows: Iterable[dict[str, str]], known: Iterable[Definition]) -> Iterator[Definition]:
    """Yield a category for each path of titles in a table: it names no ids."""
    paths = {" > ".join(parts[: end + 1]) for row in rows for parts in [row["categoryName"].split(" > ")]
             for end in range(len(parts))}  # fmt: skip
    for path in sorted(paths - {""}):
        above, _, title = path.rpartition(" > ")
        yield {
            "id": _category_id(path), "name": None, "displayName": title, "description": path, "helpText": None,
            "categoryDescription": None, "platforms": "none", "technologies": "mdm", "settingUsage": "configuration",
            "parentCategoryId": _category_id(above or path), "rootCategoryId": _category_id(path.split(" > ")[0]),
            "childCategoryIds": [],
        }  # fmt: skip


def _from_files(paths: Iterable[Path]) -> tuple[list[Definition], list[Definition], dict[str, Any]]:
    """Return (definitions, categories, labels of older types) of Graph's answers and a tool's table of labels."""
    definitions: list[Definition] = []
    categories: list[Definition] = []
    labels: dict[str, Any] = {}
    for path in paths:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
        if isinstance(document, dict) and "value" not in document:
            labels |= {name: each for name, each in document.items() if name.startswith("#microsoft.graph.")}
            continue
        listed = document["value"] if isinstance(document, dict) else document
        for each in [each for each in listed if isinstance(each, dict)]:
            nested = each.get("settingDefinitions") or []
            definitions += [*nested, *([each] if str(each.get("@odata.type")).endswith("Definition") else [])]
            categories += [each] if "parentCategoryId" in each else []
    return [each for each in definitions if str(each.get("@odata.type")).startswith(_TYPE)], categories, labels


def _of_intents(labels: dict[str, Any]) -> Iterator[Definition]:
    """Yield the definitions of intents that are a property of an older type: deviceConfiguration--TYPE_PROPERTY."""
    for type_name, of_type in labels.items():
        bare = type_name.removeprefix("#microsoft.graph.")
        for row in of_type.get("settings", ()):
            if row.get("label") and row.get("property"):
                yield {
                    "@odata.type": "#microsoft.graph.deviceManagementSettingDefinition", "displayName": row["label"],
                    "id": f"deviceConfiguration--{bare}_{row['property']}", "description": None, "constraints": [],
                    "valueType": "string", "keywords": [], "dependencies": [], "isTopLevel": True,
                }  # fmt: skip
