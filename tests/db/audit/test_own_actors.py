"""Actors of Tenantkeep's own stand in one table."""

import ast
from pathlib import Path

import actors


def test_no_actor_of_ones_own_is_made_beside_the_table():
    """A page would take it for a person: it says “Tenantkeep” of those in the table alone."""
    for path in Path(actors.__file__).parent.rglob("*.py"):
        for statement in ast.parse(path.read_text()).body:
            made = statement.value if isinstance(statement, ast.Assign) else None
            is_one = isinstance(made, ast.Call) and isinstance(made.func, ast.Name) and made.func.id == "Actor"
            assert not is_one, f"{path.name}, line {statement.lineno}: it belongs into db/audit/own_actors.py"
