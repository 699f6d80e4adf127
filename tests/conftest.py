"""The cast and the stage: real Redis, SQLite and PostgreSQL, the simulator as a process, two tenants and six people.

Settings come first: what the plugins import of the product reads them.
"""

from tests.support import environment  # noqa: F401

pytest_plugins = [
    "tests.fixtures.runs",
    "tests.fixtures.database",
    "tests.fixtures.cast",
    "tests.fixtures.api",
    "tests.fixtures.app",
    "tests.fixtures.demo",
    "tests.fixtures.simulator",
    "tests.fixtures.worker",
    "tests.fixtures.copies",
    "tests.fixtures.arrival",
]
