"""The files in deploy/: units, proxies and the command for root, each checked by the program that reads it."""

import os
import re
import shutil
import ssl
import subprocess
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest
import requests

from db.models import Session
from tests.support import servers
from tests.support.certificates import self_signed
from tests.support.database_roles import documented_roles
from tests.support.environment import PASSWORD
from web.commands import cli

DEPLOY = servers.ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
SERVICES = [unit for unit in UNITS if unit.stem != "tenantkeep-migrate"]
INSTALLED = "/opt/tenantkeep/bin/tenantkeep"
PAGE = (servers.ROOT / "docs" / "installing.md").read_text()


def parsed(unit):
    """Section -> key -> value; the first where one is given twice."""
    sections = {}
    for line in unit.read_text().splitlines():
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]"), {})
        elif "=" in line and not line.startswith("#"):
            section.setdefault(*line.split("=", 1))
    return sections


@pytest.mark.parametrize("path", ["systemd/tenantkeep-worker.service", "nginx.conf", "Caddyfile", "tenantkeep"])
def test_the_page_shows_the_file_as_it_is(path):
    assert f"\n{(DEPLOY / path).read_text()}```" in PAGE


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_starts_a_command_that_there_is(unit):
    command, *arguments = parsed(unit)["Service"]["ExecStart"].split()
    assert (command, arguments) == (INSTALLED, [unit.stem.removeprefix("tenantkeep-")])
    assert arguments[0] in cli.commands


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_a_service_is_stopped_once_never_given_up_and_shut_in(unit):
    service, others = parsed(unit), [parsed(other) for other in SERVICES]
    assert service["Unit"]["StartLimitIntervalSec"] == "0"
    assert (service["Service"]["KillMode"], service["Service"]["Restart"]) == ("mixed", "always")
    shutdown = [option for option in cli.commands[unit.stem.removeprefix("tenantkeep-")].params
                if option.name == "shutdown_seconds"]  # fmt: skip
    assert int(service["Service"]["TimeoutStopSec"]) > max((option.default for option in shutdown), default=10) + 10
    differing = {"ExecStart", "TimeoutStopSec"}
    same = [{key: value for key, value in one["Service"].items() if key not in differing} for one in (service, *others)]
    assert all(one == same[0] for one in same)
    assert {"NoNewPrivileges", "ProtectSystem", "UMask", "CapabilityBoundingSet"} <= set(same[0])


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd on this machine")
def test_systemd_understands_every_unit(tmp_path):
    copies = [tmp_path / unit.name for unit in UNITS]
    for unit, copy in zip(UNITS, copies, strict=True):
        copy.write_text(unit.read_text().replace(INSTALLED, servers.TENANTKEEP))
    done = subprocess.run(["systemd-analyze", "verify", *copies], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


# --- commands -----------------------------------------------------------------------------------------------------

STAND_INS = {
    # Takes what systemd-run takes, and refuses another option.
    "systemd-run": """#!/bin/sh
while :; do case "$1" in
    --quiet|--collect|--wait|--pipe|--pty) shift ;;
    --property=EnvironmentFile=*) set -a; . "$SETTINGS"; set +a; shift ;;
    --property=User=tenantkeep|--property=UMask=0077|--property=StateDirectory=*) shift ;;
    --property=WorkingDirectory=*) cd "$STATE"; shift ;;
    -*) echo "unknown: $1" >&2; exit 99 ;;
    *) break ;;
esac; done
exec "$@"
""",
    "runuser": '#!/bin/sh\nshift 3\nexec "$@"\n',
    # Starting the unit that migrates is the one thing that must really happen.
    "systemctl": '#!/bin/sh\ncase "$*" in "start tenantkeep-migrate") exec tenantkeep migrate ;; esac\n',
}


@pytest.fixture
def stand_ins(tmp_path):
    """A folder for PATH with what needs a real systemd or root, standing in for it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in STAND_INS.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return folder


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_command_for_root_has_the_services_settings_and_folder(database_url, stand_ins, tmp_path):
    settings = tmp_path / "tenantkeep.env"
    ours = {name: value for name, value in os.environ.items() if "TENANTKEEP_" in name}
    ours["TENANTKEEP_DATABASE_URL"] = "sqlite:///here.db"
    settings.write_text("\n".join(f"{name}={value}" for name, value in ours.items()))
    (tmp_path / "state").mkdir()
    script = tmp_path / "tenantkeep"
    script.write_text((DEPLOY / "tenantkeep").read_text().replace(INSTALLED, servers.TENANTKEEP))
    bare = {name: value for name, value in os.environ.items() if "TENANTKEEP_" not in name}
    of_stand_ins = {"SETTINGS": str(settings), "STATE": str(tmp_path / "state")}
    environment = {**bare, **of_stand_ins, "PATH": f"{stand_ins}:{bare['PATH']}"}
    for words in (["migrate"], ["user", "add", "ada@example.com", "--name", "Ada B", "--password-stdin"]):
        done = subprocess.run(
            ["sh", script, *words],
            input="a long password\n",
            env=environment,
            text=True,
            capture_output=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "Ada B" in done.stdout
    assert (tmp_path / "state" / "here.db").exists()


# --- a new version, and the way back ------------------------------------------------------------------------------


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_new_version_and_the_way_back_go_as_documented(database_url, redis_url, stand_ins, tmp_path):
    binaries, server = servers.postgresql_binaries(), database_url.rpartition("/")[0]
    if not (binaries / "pg_restore").exists():
        pytest.skip("no pg_restore on this machine")
    page = (servers.ROOT / "docs" / "operating.md").read_text().partition("## A new version")[2]
    copy, migrate, restart, back = re.findall(r"```sh\n([\s\S]*?)```", page)
    with documented_roles(server) as roles:
        parts = urlsplit(server)
        path = f"{stand_ins}:{Path(servers.TENANTKEEP).parent}:{binaries}:{os.environ['PATH']}"
        environment = {**roles.environment(with_owner=True), "PATH": path, "PGHOST": "127.0.0.1",
                       "PGPORT": str(parts.port), "PGUSER": parts.username}  # fmt: skip

        def follow(block):
            """What it says; it stops at the first command that fails."""
            script = roles.named(block).replace("/var/lib/postgresql", str(tmp_path))
            done = subprocess.run(["sh", "-e", "-c", script], env=servers.environment(**environment),
                                  capture_output=True, text=True, check=False)  # fmt: skip
            assert "rror" not in done.stderr, done.stderr
            return done.stdout

        follow(migrate)
        roles.execute(roles.documented("installing.md")[2], roles.owner)
        follow(copy)
        roles.execute("CREATE TABLE of_the_new_version (id serial)", roles.owner)
        assert follow(migrate) == "Nothing to do.\n"
        assert "ok   database: PostgreSQL" in follow(restart)
        follow(back)
        del environment["TENANTKEEP_OWNER_DATABASE_URL"]
        said = follow("tenantkeep doctor")
        assert "ok   database: PostgreSQL" in said
        assert "MEND rights" not in said
        with pytest.raises(psycopg2.errors.UndefinedTable):
            roles.execute("SELECT * FROM of_the_new_version")


# --- proxies ------------------------------------------------------------------------------------------------------


def moved(site, *moves):
    """A documented file with its addresses and places changed to the test's."""
    for before, after in moves:
        assert before in site, before
        site = site.replace(before, after)
    return site


@contextmanager
def nginx(directory, web_port):
    """The documented nginx before a web that listens there; yields its address."""
    port, plain = servers.free_port(), servers.free_port()
    certificate, key = self_signed(directory)
    site = moved(
        (DEPLOY / "nginx.conf").read_text(),
        ("    listen [::]:80;\n", ""),
        ("    listen [::]:443 ssl;\n", ""),
        ("listen 80", f"listen 127.0.0.1:{plain}"),
        ("listen 443", f"listen 127.0.0.1:{port}"),
        ("127.0.0.1:8000", f"127.0.0.1:{web_port}"),
        ("/etc/ssl/tenantkeep/certificate.pem", str(certificate)),
        ("/etc/ssl/tenantkeep/key.pem", str(key)),
    )
    places = "".join(f"{what}_temp_path {directory}/{what};" for what in
                     ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))  # fmt: skip
    # Started as root, it would become a user to whom pytest's folders are closed.
    user = "user root;" if os.geteuid() == 0 else ""
    http = f"http {{ access_log off; {places} {site} }}"
    whole = f"{user} daemon off; pid {directory}/pid; error_log stderr; events {{}} {http}"
    (directory / "nginx.conf").write_text(whole)
    command = ["nginx", "-c", str(directory / "nginx.conf"), "-p", str(directory)]
    subprocess.run([*command, "-t"], check=True, capture_output=True)
    with servers.running(command, stderr=subprocess.DEVNULL) as process:
        servers.wait_for(lambda: _listens(port), "nginx", process=process)
        moved_there = requests.get(f"http://127.0.0.1:{plain}/runs/", timeout=60, allow_redirects=False)
        assert moved_there.headers["Location"] == "https://tenantkeep.example.com/runs/"
        yield f"https://127.0.0.1:{port}"


@contextmanager
def caddy(directory, web_port):
    """The documented Caddy, with a certificate that nobody has to be asked for."""
    port = servers.free_port()
    certificate, key = self_signed(directory)
    site = moved(
        (DEPLOY / "Caddyfile").read_text(),
        ("{\n\tservers", "{\n\tadmin off\n\tauto_https off\n\tservers"),
        ("\ntenantkeep.example.com {", f"\nhttps://tenantkeep.example.com:{port} {{\n\ttls {certificate} {key}"),
        ("127.0.0.1:8000", f"127.0.0.1:{web_port}"),
    )
    (directory / "Caddyfile").write_text(site)
    command = ["caddy", "run", "--adapter", "caddyfile", "--config", str(directory / "Caddyfile")]
    places = servers.environment(HOME=str(directory), XDG_DATA_HOME=str(directory), XDG_CONFIG_HOME=str(directory))
    with servers.running(command, stderr=subprocess.DEVNULL, env=places) as process:
        servers.wait_for(lambda: _listens(port), "Caddy", process=process)
        yield f"https://127.0.0.1:{port}"


def _listens(port):
    with servers.socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("proxy", [nginx, caddy], ids=lambda proxy: proxy.__name__)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_behind_the_documented_proxy(cast, redis_url, tmp_path, proxy):
    """Cookies are safe, addresses true, slow clients nobody's trouble, and uploads pass."""
    if not shutil.which(proxy.__name__):
        pytest.skip(f"no {proxy.__name__} on this machine")
    directory = tmp_path / "proxy"
    directory.mkdir()
    directory.chmod(0o755)
    port = servers.free_port()
    environment = servers.environment(
        PORT=str(port), TENANTKEEP_PROXIES="1", TENANTKEEP_PUBLIC_URL="https://tenantkeep.example.com"
    )
    line = [servers.TENANTKEEP, "web", "--processes", "1", "--threads", "2"]
    with (
        servers.running(line, env=environment, stderr=subprocess.DEVNULL),
        proxy(directory, port) as address,
        requests.Session() as browser,
        ExitStack() as held,
    ):
        browser.trust_env = False
        browser.mount("https://", _FromElsewhere())
        browser.verify = str(directory / "certificate.pem")
        browser.headers["Host"] = "tenantkeep.example.com"
        browser.headers["Referer"] = address
        servers.wait_for(lambda: servers.answers_http(f"http://127.0.0.1:{port}/readyz"), "web")
        page = browser.get(f"{address}/sign-in")
        assert "__Host-tenantkeep=" in page.headers["Set-Cookie"]
        assert "Secure" in page.headers["Set-Cookie"]
        assert page.headers["Strict-Transport-Security"]
        assert browser.get(f"{address}/metrics").status_code == 404
        assert requests.get(f"http://127.0.0.1:{port}/metrics", timeout=60).status_code == 200
        # What only a proxy may say.
        assert browser.get(f"{address}/x/healthz", headers={"SCRIPT_NAME": "/x"}).status_code == 404
        form = {"email": cast.max.email, "password": PASSWORD, "csrf_token": _token(page)}
        lies = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "http"}
        assert browser.post(f"{address}/sign-in", data=form, headers=lies).ok
        assert Session.get().address == "127.0.0.2"
        # Half requests, and nobody waits for them.
        for half in (b"GET /sign-in HTTP/1.1\r\n", b"POST /sign-in HTTP/1.1\r\nHost: tenantkeep.example.com\r\n"
                     b"Content-Length: 1000\r\n\r\nemail=") * 6:  # fmt: skip
            held.enter_context(_tls(address, directory / "certificate.pem")).sendall(half)
        began = time.monotonic()
        assert browser.get(f"{address}/healthz").ok
        assert time.monotonic() - began < 10
        # What one address alone takes.
        form = {
            "csrf_token": _token(browser.get(f"{address}/restores/new")),
            "tenant": cast.contoso.id,
            "assignments": "leave",
        }
        files = {"file": ("set.zip", b"x" * 63 * 1024 * 1024)}
        large = browser.post(f"{address}/restores/upload", data=form, files=files)
        assert "not a ZIP" in large.text, (large.status_code, large.text)
        too_large = browser.post(f"{address}/sign-in", data=b"x" * 2_000_000).status_code
        assert too_large in (413, 502), "Caddy 2.6 says the latter, whose body it cut"


def _tls(address, certificate):
    name = "tenantkeep.example.com"
    context = ssl.create_default_context(cafile=certificate)
    context.check_hostname = False
    return context.wrap_socket(servers.socket.create_connection(address[8:].split(":")), server_hostname=name)


class _FromElsewhere(requests.adapters.HTTPAdapter):
    def init_poolmanager(self, *args, **more):
        name = "tenantkeep.example.com"  # Caddy knows its sites by it
        super().init_poolmanager(
            *args, source_address=("127.0.0.2", 0), server_hostname=name, assert_hostname=False, **more
        )


def _token(page):
    return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)[1]


@pytest.mark.skipif(not shutil.which("caddy"), reason="no Caddy on this machine")
def test_caddy_understands_its_file():
    subprocess.run(["caddy", "validate", "--adapter", "caddyfile", "--config", DEPLOY / "Caddyfile"],
                   check=True, capture_output=True)  # fmt: skip
