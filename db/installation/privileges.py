"""Privileges in PostgreSQL that a role lacks to run Tenantkeep, or has too many of, as the statements that mend it.

SQLite knows no roles.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from db.database import database, is_sqlite
from db.models import TABLES, AuditCheck, AuditEvent, AuditHead, AuditKey

MIGRATIONS = "schema_migration"
_ALL_PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE")
# Events are appended, never changed; where they end and how far they were checked goes on, and never away; migrations
# are written down by whoever owns the tables.
_TABLE_PRIVILEGES = {
    AuditEvent._meta.table_name: ("SELECT", "INSERT"),
    AuditHead._meta.table_name: ("SELECT", "UPDATE"),
    AuditCheck._meta.table_name: ("SELECT", "UPDATE"),
    AuditKey._meta.table_name: ("SELECT", "INSERT", "UPDATE"),
    MIGRATIONS: ("SELECT",),
}
_SEQUENCE_PRIVILEGES = ("USAGE", "SELECT", "UPDATE")

# The schema of our tables that the search path leads to. It leads to none that may not be used.
_SCHEMA = """
SELECT quote_ident(%s), c.relnamespace FROM pg_class c
WHERE c.relname = 'schema_migration' AND c.relkind = 'r' ORDER BY pg_table_is_visible(c.oid) DESC LIMIT 1
"""
_TABLES = """
SELECT quote_ident(c.relname), wanted.privilege
FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS wanted (name, privilege, place)
JOIN pg_class c ON c.relname = wanted.name AND c.relnamespace = %s
WHERE NOT has_table_privilege(%s, c.oid, wanted.privilege) ORDER BY wanted.place
"""
_SEQUENCES = """
SELECT quote_ident(s.relname), wanted.privilege
FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS wanted (name, privilege, place)
JOIN pg_class t ON t.relname = wanted.name AND t.relnamespace = %s
JOIN pg_depend d ON d.refobjid = t.oid JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
WHERE NOT has_sequence_privilege(%s, s.oid, wanted.privilege) ORDER BY wanted.place
"""


# Nothing can be taken from a table's owner or a superuser, who may do everything with it.
_EXCESS = """
SELECT quote_ident(c.relname), wanted.privilege
FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS wanted (name, privilege, place)
JOIN pg_class c ON c.relname = wanted.name AND c.relnamespace = %s
WHERE has_table_privilege(%s, c.oid, wanted.privilege) AND NOT pg_has_role(%s, c.relowner, 'USAGE')
ORDER BY wanted.place
"""


@dataclass(frozen=True)
class _Role:
    name: str
    quoted: str
    # The schema of our tables.
    schema: int


def missing_grants(role_name: str | None = None) -> list[str]:
    """Return the GRANT statements that the role (of this connection, unless named) is in want of."""
    role = _find_role(role_name)
    if role is None:
        return []
    names = [table._meta.table_name for table in TABLES]
    of_tables = [
        (name, privilege) for name in [*names, MIGRATIONS] for privilege in _TABLE_PRIVILEGES.get(name, _ALL_PRIVILEGES)
    ]
    of_sequences = [(name, privilege) for name in names for privilege in _SEQUENCE_PRIVILEGES]
    statements = _missing_schema_grants(role)
    for kind, query, needed in (("", _TABLES, of_tables), ("SEQUENCE ", _SEQUENCES, of_sequences)):
        lacks = database.execute_sql(query, (*_columns(needed), role.schema, role.name)).fetchall()
        statements += _statements("GRANT {} ON " + kind + "{} TO {};", lacks, role)
    return statements


def excess_privileges() -> list[str]:
    """Return the REVOKE statements that take from this connection's role what it must not have."""
    role = _find_role(None)
    if role is None:
        return []
    unwanted = [
        (name, privilege)
        for name, needed in _TABLE_PRIVILEGES.items()
        for privilege in _ALL_PRIVILEGES
        if privilege not in needed
    ]
    granted = database.execute_sql(_EXCESS, (*_columns(unwanted), role.schema, role.name, role.name)).fetchall()
    return _statements("REVOKE {} ON {} FROM {};", granted, role)


def _find_role(name: str | None) -> _Role | None:
    """Return the role, or None for SQLite and where there are no tables of ours yet."""
    if is_sqlite():
        return None
    name = name or database.execute_sql("SELECT current_user").fetchone()[0]
    schema = database.execute_sql(_SCHEMA, (name,)).fetchone()
    return _Role(name, *schema) if schema else None


def _missing_schema_grants(role: _Role) -> list[str]:
    query = (
        "SELECT quote_ident(nspname) FROM pg_namespace WHERE oid = %s AND NOT has_schema_privilege(%s, oid, 'USAGE')"
    )
    lacks = database.execute_sql(query, (role.schema, role.name)).fetchall()
    return [f"GRANT USAGE ON SCHEMA {schema} TO {role.quoted};" for (schema,) in lacks]


def _columns(pairs: Sequence[tuple[str, str]]) -> tuple[list[str], list[str]]:
    return [name for name, _ in pairs], [privilege for _, privilege in pairs]


def _statements(form: str, grants: Iterable[tuple[str, str]], role: _Role) -> list[str]:
    """Return one statement for all tables that have the same privileges found."""
    of_name = defaultdict(list)
    for name, privilege in grants:
        of_name[name].append(privilege)
    names_of = defaultdict(list)
    for name, privileges in of_name.items():
        names_of[tuple(privileges)].append(name)
    return [
        form.format(", ".join(privileges), ", ".join(sorted(names)), role.quoted)
        for privileges, names in names_of.items()
    ]
