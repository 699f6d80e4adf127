"""`make migration NAME=labels`: write the next numbered migration, as a file that runs and changes nothing yet."""

import re
import sys
from pathlib import Path

MIGRATIONS = Path(__file__).parents[2] / "db" / "migrations"
TEMPLATE = '''\
"""{title}."""

from db.schema.online_changes import change

atomic = False


def up(migrator, db):
    # Steps: create_tables, add_column, create_index, drop_index, change. docs/architecture.md has an example, and what
    # a migration must keep to; db/models.py gets the same tables and columns.
    change(db, "SELECT 1")
'''


def write_migration(name: str, folder: Path = MIGRATIONS) -> Path:
    """Return the path of the new file. Raises ValueError for a name that is none."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ValueError("NAME is lower case words with _ between them: make migration NAME=run_labels")
    newest = max((int(path.name[:4]) for path in folder.glob("[0-9]*.py")), default=0)
    path = folder / f"{newest + 1:04}_{name}.py"
    path.write_text(TEMPLATE.format(title=name.replace("_", " ").capitalize()))
    return path


def main() -> int:
    try:
        path = write_migration(sys.argv[1] if len(sys.argv) > 1 else "")
    except ValueError as e:
        sys.stderr.write(f"{e}\n")
        return 1
    sys.stdout.write(f"{path.relative_to(Path.cwd())}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
