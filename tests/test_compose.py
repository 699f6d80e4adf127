"""compose.yaml and what lies beside it: read, and followed with this machine's PostgreSQL and Redis."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
import yaml

import config
from actors import embedded_redis
from config.variables import FILE_SUFFIX
from tests.support import containerfile, servers
from tests.test_deploy import DEPLOY, PAGE, parsed
from web.commands import cli

COMPOSE = yaml.safe_load((servers.ROOT / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service.get("image", "").startswith("tenantkeep:")}
BESIDE = DEPLOY / "compose"
VERSION = containerfile.pairs(" ".join(containerfile.stages()[-1].all_of("LABEL")))["org.opencontainers.image.version"]


def test_our_services_are_one_image_that_is_shut_in_with_commands_that_there_are():
    assert set(OURS) == {"web", "worker-interactive", "worker-bulk", "scheduler", "migrate"}
    for name, service in OURS.items():
        command, *options = service["command"]
        cli.commands[command].make_context(command, options)  # an option that is none raises
        assert service["image"] == f"tenantkeep:{VERSION}"
        assert (service["read_only"], service["cap_drop"], "user" in service) == (True, ["ALL"], False)
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "ports" not in service
        if name != "migrate":
            assert service["healthcheck"]["test"][1:] == ["tenantkeep", "health", command]
            unit = parsed(DEPLOY / "systemd" / f"tenantkeep-{command}.service")
            assert service["stop_grace_period"] == unit["Service"]["TimeoutStopSec"] + "s"


def test_each_variable_is_a_setting_whose_secret_is_given_to_that_service_alone():
    for name, service in OURS.items():
        given = service["environment"]
        files = {variable: path for variable, path in given.items() if variable.endswith(FILE_SUFFIX)}
        settings = {variable.removeprefix(config.PREFIX).removesuffix(FILE_SUFFIX) for variable in given}
        assert settings <= set(config._VARIABLES)
        assert sorted(path.rpartition("/")[2] for path in files.values()) == sorted(service["secrets"])
        assert ("owner_database_url" in service["secrets"]) == (name == "migrate")


def test_what_is_needed_is_there_first_and_images_have_versions():
    for name in set(OURS) - {"migrate"}:
        waits = SERVICES[name]["depends_on"]
        assert waits["rights"]["condition"] == SERVICES["rights"]["depends_on"]["migrate"]["condition"]
        assert waits["redis"]["condition"] == "service_healthy"
    assert SERVICES["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert SERVICES["redis"]["networks"] == SERVICES["postgres"]["networks"] == ["inside"]
    for service in SERVICES.values():
        assert re.search(r":\d+\.\d+", service["image"])
        assert set(service.get("secrets", ())) <= set(COMPOSE["secrets"])
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert (servers.ROOT / source).exists() if source.startswith("./") else source in COMPOSE["volumes"]


def test_the_proxy_has_the_documented_file_with_another_name_and_buffers():
    documented = (DEPLOY / "Caddyfile").read_text().replace("tenantkeep.example.com {", "{$TENANTKEEP_HOST} {")
    documented = documented.replace("reverse_proxy 127.0.0.1:8000 {\n", "reverse_proxy web:8000 {\n")
    ours = (BESIDE / "Caddyfile").read_text()
    added = re.search(r"\t\t# Whole forms.*\n\t\trequest_buffers 1MiB\n\t\tresponse_buffers 1MiB\n", ours)[0]
    assert ours.replace(added, "") == documented


def prepare(folder):
    environment = servers.environment(TENANTKEEP_COMPOSE_FOLDER=str(folder))
    subprocess.run(["sh", BESIDE / "prepare"], env=environment, check=True, capture_output=True)
    return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.fixture
def prepared(tmp_path):
    folder = tmp_path / "made"
    return folder, prepare(folder)


def test_keys_are_made_once_and_are_settings(prepared):
    folder, made = prepared
    assert folder.stat().st_mode & 0o777 == 0o700
    assert prepare(folder) == made
    assert {name for secret in COMPOSE["secrets"].values() for name in [Path(secret["file"]).name]} <= set(made)
    given = {variable: str(folder / Path(path).name) for service in OURS.values()
             for variable, path in service["environment"].items() if variable.endswith(FILE_SUFFIX)}  # fmt: skip
    settings = config.load(given)
    assert config.user_of(settings.database_url) == "tenantkeep_app"
    assert config.user_of(settings.owner_database_url) == "tenantkeep_owner"
    assert len({text.strip() for text in made.values()}) == len(made)


def test_redis_starts_with_the_written_file_and_knows_its_user(prepared, tmp_path):
    _, made = prepared
    documented = re.search(r"^user tenantkeep on >… (.+)$", PAGE, re.MULTILINE)[1]
    assert re.search(rf"^user tenantkeep on >\w+ {re.escape(documented)}$", made["redis_conf"], re.MULTILINE)
    port = servers.free_port()
    (tmp_path / "data").mkdir()
    conf = tmp_path / "redis.conf"
    conf.write_text(made["redis_conf"].replace("dir /data", f"dir {tmp_path}/data"))
    program = embedded_redis.command(port, tmp_path / "data")[0]
    url = made["redis_url"].strip().replace("@redis:6379", f"@127.0.0.1:{port}")
    client = redis.Redis.from_url(url, retry=None)

    def answers():
        try:
            return client.ping()
        except redis.ConnectionError:
            return False

    with servers.running([program, conf, "--port", str(port)], stdout=subprocess.DEVNULL) as process:
        servers.wait_for(answers, "Redis", process=process)
        client.set("tenantkeep:x", "1")
        assert client.info()["maxmemory_policy"] == "noeviction"
        for refused in (lambda: client.set("other", "1"), lambda: client.config_set("maxmemory", "1"),
                        redis.Redis(port=port, retry=None).ping):  # fmt: skip
            with pytest.raises((redis.ResponseError, redis.AuthenticationError)):
                refused()
        client.close()


@pytest.mark.skipif(not shutil.which("psql"), reason="no psql on this machine")
def test_the_roles_that_it_makes_are_the_documented_ones_and_do(prepared, redis_url):
    """As the database's image calls it, on a server of its own: its roles have the names that others' must not see."""
    if servers.postgresql_binaries() is None:
        pytest.skip("no PostgreSQL on this machine")
    blocks = re.findall(r"```sql\n([\s\S]*?)```", PAGE)
    scripts = [(BESIDE / name).read_text() for name in ("roles.sh", "rights.sql")]
    scripts[0] = re.sub(r" PASSWORD :'\w+'", "", scripts[0])
    assert all(statement in "".join(scripts) for block in blocks for statement in block.split(";\n"))
    folder, made = prepared
    directory = Path(tempfile.mkdtemp(prefix="tenantkeep-pg-", dir=servers.folder_in_memory()))
    try:
        with servers.postgresql_server(directory) as server:
            parts = urlsplit(server)
            at = f"127.0.0.1:{parts.port}"
            environment = servers.environment(
                SECRETS=str(folder), POSTGRES_USER="tenantkeep", PGHOST="127.0.0.1", PGPORT=str(parts.port),
                TENANTKEEP_DATABASE_URL=made["database_url"].strip().replace("@postgres", f"@{at}"),
                TENANTKEEP_OWNER_DATABASE_URL=made["owner_database_url"].strip().replace("@postgres", f"@{at}"),
            )  # fmt: skip
            for line in (["sh", BESIDE / "roles.sh"], [servers.TENANTKEEP, "migrate"],
                         ["sh", BESIDE / "rights", BESIDE / "rights.sql"]):  # fmt: skip
                subprocess.run(line, env=environment, check=True, capture_output=True, text=True)
            said = subprocess.run(
                [servers.TENANTKEEP, "doctor"], env=environment, capture_output=True, text=True
            ).stdout
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    assert "ok   database: PostgreSQL" in said
    assert "MEND rights" not in said
