"""Times of a policy's page in Microsoft's words and without them, and the looks into the catalogue that it takes."""

import json
from typing import Any

from actors.facade import snapshot_diff
from bench import WEB, stage
from db.audit.audit import SYSTEM
from db.database import database
from db.definitions import categories, definitions
from db.models import DefinitionCategory, DefinitionText, Policy, Snapshot
from tests.support.captures import capture_by_hand

SETTINGS, CATEGORIES, LOOKS = 203, 40, 30
# Of server time, beyond the page without words.
AIM_MS = 50


def main() -> None:
    print(f"A policy of {SETTINGS} settings; the aim is {AIM_MS} ms beyond the page without words")
    with stage.engines() as urls:
        for engine, url in urls.items():
            place = stage.beside(url, "words")
            stage.install(place, 1)
            with database.connection_context():
                _, snapshot = capture_by_hand(Policy.get(), SYSTEM, _body())
            with stage.web() as session:
                without = _median_ms(session, snapshot.id)
                with database.connection_context():
                    _fill_catalogue()
                in_words = _median_ms(session, snapshot.id)
            with database.connection_context():
                looks = _looks(snapshot)
            print(f"{engine}: {without:.0f} ms without words, {in_words:.0f} ms in words, {looks} statements for words")


def _median_ms(session: Any, snapshot_id: int) -> float:
    def look(_number: int) -> None:
        session.get(f"{WEB}/snapshots/{snapshot_id}", timeout=30).raise_for_status()

    return stage.timed(look, range(LOOKS))[0]


def _id(number: int) -> str:
    return f"device_vendor_msft_policy_config_area{number % CATEGORIES}_setting{number}"


def _body() -> dict[str, Any]:
    choices = ({"value": f"{_id(number)}_{number % 2}", "children": []} for number in range(SETTINGS))
    return {
        "name": "Large",
        "settings": [
            {"settingInstance": {"settingDefinitionId": _id(number), "choiceSettingValue": choice}}
            for number, choice in enumerate(choices)
        ],
    }


def _fill_catalogue() -> None:
    rows = [
        {
            "definition_id": _id(number), "catalogue": "configuration", "title": f"Let apps do thing {number}",
            "version": "1", "description": "Says whether apps may do this on a device. " * 12,
            "category_id": str(number % CATEGORIES), "unit": "", "minimum": None, "maximum": None, "is_secret": False,
            "options": {f"{_id(number)}_0": "User in control", f"{_id(number)}_1": "Force deny"},
        }
        for number in range(SETTINGS)
    ]  # fmt: skip
    definitions.save_answers("en", rows, set())
    categories.save_paths("en", {str(number): ["Apps", f"Category {number}"] for number in range(CATEGORIES)})


def _looks(snapshot: Snapshot) -> int:
    """Count the statements that ask the catalogue for one page."""
    asked: list[str] = []
    engine, tables = type(database.obj), [model._meta.table_name for model in (DefinitionText, DefinitionCategory)]
    original = engine.execute_sql

    def execute(self: Any, sql: str, params: Any = None) -> Any:
        asked.extend(name for name in tables if f'FROM "{name}"' in sql)
        return original(self, sql, params)

    engine.execute_sql = execute
    try:
        snapshot_diff.readable_lines(snapshot, json.loads(json.dumps({"body": _body(), "assignments": []})))
    finally:
        engine.execute_sql = original
    return len(asked)


if __name__ == "__main__":
    main()
