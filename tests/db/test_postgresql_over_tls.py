"""A PostgreSQL that a company runs: TLS with its own authority, the very server, and a password in a file."""

import shutil
import subprocess

import peewee as pw
import psycopg2
import pytest

from actors.process import startup
from config import parsers
from db.database import bind_database, database
from tests.db.test_behind_pgbouncer import open_folder  # noqa: F401
from tests.support import servers
from tests.support.certificates import Authority

PASSWORD = "Sesame: opens"
pytestmark = [
    pytest.mark.skipif(servers.postgresql_binaries() is None, reason="no PostgreSQL"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


@pytest.fixture
def company(tmp_path):
    return Authority(tmp_path)


@pytest.fixture
def port(open_folder, company):  # noqa: F811
    """The port of a server that takes nothing but TLS, and asks for a password."""
    servers.make_postgresql(open_folder)
    data = open_folder / "data"
    for file, name in zip(company.files_for("127.0.0.1"), ("server.crt", "server.key"), strict=True):
        shutil.copy(file, data / name)
        (data / name).chmod(0o600)
        shutil.chown(data / name, data.owner())
    with (data / "postgresql.conf").open("a") as settings:
        settings.write("ssl = on\npassword_encryption = 'scram-sha-256'\n")
    (data / "pg_hba.conf").write_text("local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n")
    port = servers.free_port()
    by_socket = f"postgresql://tenantkeep@/postgres?host={open_folder}&port={port}"
    with servers.running_postgresql(open_folder, port) as process:
        servers.wait_for(lambda: servers.connects(by_socket), "PostgreSQL", process=process)
        with psycopg2.connect(by_socket) as connection, connection.cursor() as cursor:
            cursor.execute("ALTER ROLE tenantkeep PASSWORD %s", [PASSWORD])
        connection.close()
        yield port


def test_migrating_over_verified_tls_with_a_password_from_a_file_and_each_thing_that_is_wrong(
    port, company, tmp_path, database_url
):
    passwords = tmp_path / "passwords"
    passwords.write_text(f"127.0.0.1:*:*:tenantkeep:{PASSWORD.replace(':', chr(92) + ':')}\n")
    passwords.chmod(0o600)
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other")

    def address(ca=company, host="127.0.0.1", mode="verify-full", file=passwords):
        text = f"postgres://tenantkeep@{host}:{port}/postgres?sslmode={mode}&sslrootcert={ca.pem}&passfile={file}"
        return parsers.database_url(text)

    done = subprocess.run(
        [servers.TENANTKEEP, "migrate"], env=servers.environment(TENANTKEEP_DATABASE_URL=address()),
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for wrong, words in (
        (address(ca=other), "SSL error"),
        (address(host="localhost"), 'does not match host name "localhost"'),
        (address(mode="disable"), "no encryption"),
        (address(file=tmp_path / "none"), "no password supplied"),
    ):
        assert words in refusal(wrong)
        assert "opens" not in refusal(wrong)
    passwords.chmod(0o644)
    assert "no password supplied" in refusal(address()), "libpq passes by a file that others may read"
    passwords.chmod(0o600)
    bind_database(address())
    with database.connection_context():
        [(is_encrypted,)] = database.execute_sql("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchall()
        assert is_encrypted
    database.close_all()
    bind_database(database_url)


def refusal(url):
    bind_database(url)
    with pytest.raises(pw.OperationalError) as e, database.connection_context():
        pass
    error = startup.as_startup_error(e.value)
    assert not isinstance(error, startup.DatabaseAway), f"waiting does not mend it: {error}"
    return str(error)
