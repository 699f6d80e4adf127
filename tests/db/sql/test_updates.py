"""Rows get values of their own in one statement, on both engines alike."""

from datetime import datetime

from db.models import Policy
from db.sql.updates import update_rows
from db.sql.value_lists import ROWS_PER_STATEMENT

AT = datetime(2026, 1, 2, 3, 4, 5, 678)
FIELDS = [Policy.name, Policy.modified_at, Policy.words]


def test_each_row_gets_its_own_values_and_keeps_what_was_not_told(cast):
    facts = {"tenant": cast.contoso.id, "policy_type": "intents", "name": "old"}
    made = [
        Policy.create(**facts, graph_id=str(n), words="w", modified_at=AT).id for n in range(ROWS_PER_STATEMENT + 2)
    ]
    first, second, *_, last = made
    values = {row_id: [f"“ä\u2028%s? {row_id}", None, None] for row_id in made}
    values[second] = ["x" * 1000, AT.replace(year=2027), "words"]
    updated = update_rows(FIELDS, values, {Policy.platform: "ios"}, kept=[Policy.words])
    assert updated == len(made), "also where a time is null in all rows of a statement"
    rows = {row.id: row for row in Policy.select().where(Policy.policy_type == "intents")}
    assert [rows[last].name, rows[last].modified_at, rows[last].words] == [f"“ä\u2028%s? {last}", None, "w"]
    assert [rows[second].name, rows[second].modified_at, rows[second].words] == [
        "x" * 1000,
        AT.replace(year=2027),
        "words",
    ]
    assert rows[first].platform == rows[last].platform == "ios"
    assert not Policy.select().where((Policy.policy_type != "intents") & (Policy.platform == "ios")).exists()


def test_a_row_that_does_not_meet_the_condition_is_left(cast):
    one, other = Policy.select().order_by(Policy.id).limit(2)
    values = {one.id: ["new"], other.id: ["new"]}
    assert update_rows([Policy.name], values, condition=f'"policy"."id" > {one.id}') == 1
    assert [Policy.get_by_id(one.id).name, Policy.get_by_id(other.id).name] == [one.name, "new"]
