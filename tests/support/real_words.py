"""Microsoft's words for the settings of real exported policies, from definitions that others published.

Both lie beside the checkout (tests/support/simulated_tenant.py REAL), and are read here as they are.
"""

import csv
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graph.definitions.wording import SettingDefinition, Wording, fold
from tests.support.simulated_tenant import REAL

DEFINITIONS = REAL.parent / "definitions"


def real_wording() -> Wording:
    """Read titles, categories and the titles of options."""
    options: dict[str, dict[str, str]] = defaultdict(dict)
    for row in _rows("w159__Microsoft365DSC/choice-option-labels.tsv"):
        setting_id = fold(row["settingDefinitionId"])
        options[setting_id][fold(f"{setting_id}_{row['itemIdSuffix']}")] = row["label"]
    found, paths = {}, {}
    for row in _rows("IntunePMFiles__DeviceConfig/settings-definitions-2025-03-12.filtered.tsv"):
        setting_id = fold(row["itemId"])
        paths[row["categoryName"]] = tuple(row["categoryName"].split(" > "))
        found[setting_id] = SettingDefinition(
            setting_id, row["friendlyName"], category_id=row["categoryName"], options=options[setting_id]
        )
    answered = json.loads(
        (DEFINITIONS / "adamgell__IntuneCommander/settings-catalog-definitions-first200.json").read_text()
    )
    for answer in answered if isinstance(answered, list) else answered["value"]:
        setting_id = fold(answer["id"])
        titles = {fold(option["itemId"]): option["displayName"] for option in answer.get("options") or ()}
        found.setdefault(setting_id, SettingDefinition(setting_id, answer["displayName"], options=titles))
    for kind, labels in _older_labels():
        for setting in labels["settings"]:
            if setting.get("label"):
                setting_id = fold(f"deviceConfiguration--{kind}_{setting['property']}")
                found.setdefault(setting_id, SettingDefinition(setting_id, setting["label"]))
    return Wording(found, paths, {path: place for place, path in enumerate(sorted(paths))})


def _older_labels() -> Iterator[tuple[str, dict[str, Any]]]:
    text = (DEFINITIONS / "Micke-K__IntuneManagement/legacy-setting-labels.en.json").read_text()
    for odata_type, labels in json.loads(text).items():
        yield odata_type.removeprefix("#microsoft.graph."), labels


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (DEFINITIONS / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)


def real_policies() -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield (file, body) of each exported policy, without what exports add."""
    for path in sorted(REAL.rglob("*.json")):
        data = path.read_bytes()
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "replace")
        try:
            parsed = json.loads(text)
        except ValueError:
            continue  # such files are among them, too
        for body in parsed if isinstance(parsed, list) else [parsed]:
            if isinstance(body, dict):
                yield path, _bare(body)


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _bare(inner) for name, inner in value.items() if name == "@odata.type" or "@" not in name[1:]}
    return [_bare(inner) for inner in value] if isinstance(value, list) else value


def set_in(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (id, instance) of each setting in a body, those inside others among them."""
    if isinstance(value, list):
        for inner in value:
            yield from set_in(inner)
    elif isinstance(value, dict):
        setting_id = value.get("settingDefinitionId") or value.get("definitionId")
        if isinstance(setting_id, str) and not isinstance(value.get("settingInstance"), dict):
            yield setting_id, value
        for inner in value.values():
            yield from set_in(inner)
