"""PgBouncer in transaction mode: what stands between a company's programs and its PostgreSQL."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg2
import pytest

import actors.backups.back_up
from db.audit.audit import SYSTEM
from tests.fixtures.database import fresh_database
from tests.support import servers

PGBOUNCER = shutil.which("pgbouncer")
pytestmark = pytest.mark.skipif(
    not PGBOUNCER or servers.postgresql_binaries() is None, reason="no PgBouncer, or no PostgreSQL"
)


@pytest.fixture
def open_folder():
    """A folder that the servers' user gets into, as pytest's own does not let it."""
    with tempfile.TemporaryDirectory(dir=servers.folder_in_memory()) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def database_url(request, open_folder):
    """The address of a migrated database, by a pooler with fewer connections than a worker and a page want at once."""
    with fresh_database(request, "postgresql", None) as url:
        port = servers.free_port()
        command, options = pgbouncer(
            open_folder, port, url.rpartition(":")[2].partition("/")[0], url.rpartition("/")[2]
        )
        with servers.running(command, **options) as process:
            pooled = f"postgresql://tenantkeep@127.0.0.1:{port}/behind"
            servers.wait_for(lambda: servers.connects(pooled), "PgBouncer", process=process)
            yield pooled


def test_a_worker_backs_up_and_pages_are_served_through_pgbouncer(client, graph, worker, ended, cast, sign_in):
    run = ended(actors.backups.back_up.start(cast.contoso, SYSTEM).run.id)
    assert (run.state, run.done) == ("succeeded", 2)
    sign_in(client, cast.ada)
    for page, words in (
        ("/", "Contoso"),
        (f"/tenants/{cast.contoso.id}", "Contoso"),
        (f"/runs/{run.id}", "succeeded"),
        ("/policies", "Contoso policy 1"),
    ):
        answer = client.get(page, follow_redirects=True)
        assert (answer.status_code, words in answer.text) == (200, True), page


def test_two_migrate_at_once_through_pgbouncer_and_leave_neither_a_lock_nor_a_setting_behind(open_folder):
    (open_folder / "server").mkdir()
    with servers.postgresql_server(open_folder / "server") as url:
        server_port = url.rpartition(":")[2]
        servers.execute(url, "CREATE DATABASE behind")
        servers.execute(url, "ALTER ROLE tenantkeep SET statement_timeout = '7s'")
        port = servers.free_port()
        command, options = pgbouncer(open_folder, port, server_port)
        with servers.running(command, **options) as process:
            pooled = f"postgresql://tenantkeep@127.0.0.1:{port}/behind"
            servers.wait_for(lambda: servers.connects(pooled), "PgBouncer", process=process)
            environment = servers.environment(TENANTKEEP_DATABASE_URL=pooled)
            both = [
                subprocess.Popen([servers.TENANTKEEP, "migrate"], env=environment, stdout=subprocess.PIPE, text=True)
                for _ in range(2)
            ]
            told = [each.communicate(timeout=300)[0] for each in both]
            assert [each.returncode for each in both] == [0, 0], told
            with psycopg2.connect(pooled) as connection, connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
                assert cursor.fetchone() == (0,)
                cursor.execute("SHOW statement_timeout")
                assert cursor.fetchone() == ("7s",)
                cursor.execute("SELECT count(*) - count(DISTINCT name) FROM schema_migration")
                assert cursor.fetchone() == (0,)
            connection.close()


def pgbouncer(directory, port, server_port, name="behind"):
    """The command line and the options of a pooler of two connections, which is ours for one transaction at a time."""
    users, settings = directory / "users.txt", directory / "pgbouncer.ini"
    users.write_text('"tenantkeep" ""\n')
    settings.write_text(
        f"[databases]\nbehind = host=127.0.0.1 port={server_port} dbname={name}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\npool_mode = transaction\n"
        f"default_pool_size = 4\nauth_type = trust\nauth_file = {users}\nunix_socket_dir =\n"
    )
    return [PGBOUNCER, str(settings)], servers._as_unprivileged() | {"stderr": subprocess.DEVNULL}
