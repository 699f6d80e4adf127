"""What a role lacks in PostgreSQL to run Tenantkeep, as the statements that give it. SQLite knows no roles."""

from collections import defaultdict
from collections.abc import Iterable

from db.database import database, is_sqlite
from db.models import TABLES, AuditEvent

MIGRATIONS = "schema_migration"
_EVERY = ("SELECT", "INSERT", "UPDATE", "DELETE")
# Events are appended, never changed; migrations are written down by whoever owns the tables.
_OF_TABLE = {AuditEvent._meta.table_name: ("SELECT", "INSERT"), MIGRATIONS: ("SELECT",)}
_OF_SEQUENCE = ("USAGE", "SELECT", "UPDATE")

# Of several schemas with our tables the one that the search path leads to. It leads to none that may not be used.
_SCHEMA = """
SELECT c.relnamespace, quote_ident(n.nspname), has_schema_privilege(%s, c.relnamespace, 'USAGE')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = 'schema_migration' AND c.relkind = 'r' ORDER BY pg_table_is_visible(c.oid) DESC LIMIT 1
"""
_TABLES = """
SELECT quote_ident(c.relname), wanted.privilege
FROM unnest(%s::text[], %s::text[]) AS wanted (name, privilege)
JOIN pg_class c ON c.relname = wanted.name AND c.relnamespace = %s
WHERE NOT has_table_privilege(%s, c.oid, wanted.privilege)
"""
_SEQUENCES = """
SELECT quote_ident(s.relname), wanted.privilege
FROM unnest(%s::text[], %s::text[]) AS wanted (name, privilege)
JOIN pg_class t ON t.relname = wanted.name AND t.relnamespace = %s
JOIN pg_depend d ON d.refobjid = t.oid JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
WHERE NOT has_sequence_privilege(%s, s.oid, wanted.privilege)
"""


def lacking(role: str | None = None) -> list[str]:
    """Return the GRANT statements that the role (of this connection, unless named) is in want of."""
    if is_sqlite():
        return []
    role = role or database.execute_sql("SELECT current_user").fetchone()[0]
    found = database.execute_sql(_SCHEMA, (role,)).fetchone()
    if found is None:
        return []
    schema, schema_name, is_usable = found
    [grantee] = database.execute_sql("SELECT quote_ident(%s)", (role,)).fetchone()
    names = [table._meta.table_name for table in TABLES]
    of_tables = [(name, privilege) for name in [*names, MIGRATIONS] for privilege in _OF_TABLE.get(name, _EVERY)]
    of_sequences = [(name, privilege) for name in names for privilege in _OF_SEQUENCE]
    statements = [] if is_usable else [f"GRANT USAGE ON SCHEMA {schema_name} TO {grantee};"]
    for kind, query, wanted in (("", _TABLES, of_tables), ("SEQUENCE ", _SEQUENCES, of_sequences)):
        lacks = database.execute_sql(query, (*map(list, zip(*wanted, strict=True)), schema, role)).fetchall()
        statements += _grants(kind, lacks, grantee)
    return statements


def _grants(kind: str, lacks: Iterable[tuple[str, str]], grantee: str) -> list[str]:
    """Return one statement for all that lack the same."""
    of_name = defaultdict(list)
    for name, privilege in lacks:
        of_name[name].append(privilege)
    names_of = defaultdict(list)
    for name, privileges in of_name.items():
        names_of[tuple(privileges)].append(name)
    return [
        f"GRANT {', '.join(privileges)} ON {kind}{', '.join(sorted(names))} TO {grantee};"
        for privileges, names in names_of.items()
    ]
