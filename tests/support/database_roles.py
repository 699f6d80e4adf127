"""A database whose owner and role were made by the statements of docs/installing.md, word by word."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import psycopg2

from tests.support import servers


@dataclass(frozen=True)
class Roles:
    server: str
    name: str
    owner: str
    app: str

    def url(self, role: str = "tenantkeep") -> str:
        return self.server.replace("tenantkeep@", f"{role}@") + f"/{self.name}"

    def environment(self, *, with_owner: bool = False) -> dict[str, str]:
        owner = {"TENANTKEEP_OWNER_DATABASE_URL": self.url(self.owner)} if with_owner else {}
        return {"TENANTKEEP_DATABASE_URL": self.url(self.app), **owner}

    def execute(self, statements: str, role: str = "tenantkeep", database: str = "") -> None:
        connection = psycopg2.connect(self.url(role) if not database else f"{self.server}/{database}")
        connection.autocommit = True
        for statement in statements.split(";"):
            if statement.strip():
                connection.cursor().execute(statement)
        connection.close()

    def documented(self, page: str) -> list[str]:
        """The SQL of a page, block by block, about this database and these roles."""
        blocks = re.findall(r"```sql\n([\s\S]*?)```", (servers.ROOT / "docs" / page).read_text())
        return [self.named(block) for block in blocks]

    def named(self, text: str) -> str:
        text = text.replace("tenantkeep_owner", self.owner).replace("tenantkeep_app", self.app)
        return re.sub(r"(DATABASE|dropdb|tenantkeep-before\.dump) tenantkeep\b", rf"\1 {self.name}", text)


@contextmanager
def copied(roles: Roles) -> Iterator[Roles]:
    """Another database with the same roles, tables and rights."""
    copy = replace(roles, name=f"kept_{secrets.token_hex(4)}")
    servers.execute(roles.server, f"CREATE DATABASE {copy.name} TEMPLATE {roles.name} OWNER {roles.owner}")
    try:
        yield copy
    finally:
        servers.execute(roles.server, f"DROP DATABASE IF EXISTS {copy.name} WITH (FORCE)")


@contextmanager
def documented_roles(server: str) -> Iterator[Roles]:
    """Follow the documented steps for roles, but for the migration and what comes after it."""
    mark = secrets.token_hex(4)  # roles are the whole server's
    roles = Roles(server, f"kept_{mark}", f"owner_{mark}", f"app_{mark}")
    make, grant, _ = roles.documented("installing.md")
    roles.execute(make, database="postgres")
    try:
        roles.execute(grant)
        yield roles
    finally:
        servers.execute(server, f"DROP DATABASE IF EXISTS {roles.name} WITH (FORCE)")
        servers.execute(server, f"DROP ROLE {roles.owner}")
        servers.execute(server, f"DROP ROLE {roles.app}")
