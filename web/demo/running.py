"""`tenantkeep demo`: everything on this machine, in one terminal, without an address outside it."""

import base64
import json
import secrets
import socket
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import click
import honcho.manager
import requests
from honcho import environ as procfiles

import config
from actors.process import startup
from db import migrate
from db.accounts import entra_grants, users
from db.audit.audit import SYSTEM
from db.database import database
from db.installation import new_tenants
from db.models import User
from db.notices import channels, rules
from db.states import ChannelKind, CredentialKind, NoticeEvent, Role, Severity, SiteRole
from db.tenants import tenants
from web.demo import lively, mailbox
from web.demo.process_logs import LogFiles

MAILBOX = "Demo mailbox"
PROCFILE = Path(__file__).with_name("Procfile.demo")
READY_SECONDS = 60
# Honcho kills after five seconds; a run in progress may take longer to reach its next item.
honcho.manager.KILL_WAIT = 20
STOPPED_BY_SIGNAL = {130, 143}

# E-mail, name, password, role in the installation, role in every demo tenant.
PEOPLE = (
    ("admin@demo.example", "Ada Admin", "demo admin password", SiteRole.ADMIN, None),
    ("manager@demo.example", "Max Manager", "demo manager password", SiteRole.NONE, Role.MANAGER),
    ("operator@demo.example", "Olga Operator", "demo operator password", SiteRole.NONE, Role.OPERATOR),
    ("reader@demo.example", "Rita Reader", "demo reader password", SiteRole.NONE, Role.READER),
    ("auditor@demo.example", "Audra Auditor", "demo auditor password", SiteRole.AUDITOR, None),
    ("editor@demo.example", "Emil Editor", "demo editor password", SiteRole.STANDARD_EDITOR, None),
    ("approver@demo.example", "Alma Approver", "demo approver password", SiteRole.STANDARD_APPROVER, None),
)
# What the simulated directory's people have: an operator in every tenant, and an admin.
HELPDESK_GROUP, ADMIN_ROLE = "5d0c6a5e-3f0b-4c8e-9a6b-0e1f2a3b4c51", "Tenantkeep.Admin"


def demo(data: Path, port: int, history: bool, load: Path | None, definitions: Path | None, is_lively: bool) -> None:
    """Run the whole of Tenantkeep here with demo tenants; Ctrl-C stops it."""
    data = data.resolve()
    for folder in (data / "redis", data / "log"):
        folder.mkdir(parents=True, exist_ok=True)
    tenants_to_seed = _described_tenants()
    own = next(tenant for tenant in tenants_to_seed if tenant["purpose"].startswith("the own directory"))
    environment = _environment(data, _usable_port(port), own) | _folders(load, definitions) | _mail_settings(data)
    config.use(environment)
    _seed([tenant for tenant in tenants_to_seed if tenant is not own and (load or "exported" not in tenant["purpose"])])
    sys.exit(_serve(data, environment, history, is_lively))


def _mail_settings(data: Path) -> dict[str, str]:
    """Start the demo's own mail server, in this process. Without it there are no notices by e-mail, and all else is."""
    try:
        url = mailbox.start(data)
    except mailbox.NoMailbox as e:
        click.echo(str(e))
        return {}
    return {
        "TENANTKEEP_SMTP_URL": url,
        "TENANTKEEP_MAIL_FROM": "Tenantkeep <tenantkeep@demo.example>",
        "TENANTKEEP_DEMO_MAILBOX": str(data / mailbox.FILE),
    }


def _usable_port(port: int) -> int:
    """Return the port asked for, or a free one when it is taken: a demo should start."""
    if port and _is_free(port):
        return port
    free_port = _free_port()
    if port:
        click.echo(f"Port {port} is taken; using {free_port}.")
    return free_port


def _is_free(port: int) -> bool:
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def _folders(load: Path | None, definitions: Path | None) -> dict[str, str]:
    """Return what the simulator takes from other people's repositories; "" for nothing."""
    folders = {"DEMO_LOAD": load, "DEMO_DEFINITIONS": definitions}
    return {name: str(folder.resolve()) if folder else "" for name, folder in folders.items()}


def _environment(data: Path, port: int, own: dict[str, str]) -> dict[str, str]:
    redis_port, simulator_port = _free_port(), _free_port()
    simulator = f"http://127.0.0.1:{simulator_port}"
    return {
        "TENANTKEEP_DATABASE_URL": f"sqlite:///{data / 'tenantkeep.db'}",
        "TENANTKEEP_REDIS_URL": f"redis://127.0.0.1:{redis_port}/0",
        "TENANTKEEP_SECRET_KEY": _read_or_make_key(data / "secret-key"),
        "TENANTKEEP_ENCRYPTION_KEYS": _read_or_make_key(data / "encryption-keys"),
        "TENANTKEEP_GRAPH_URL": simulator,
        "TENANTKEEP_LOGIN_URL": simulator,
        "TENANTKEEP_LOG_FORMAT": "text",
        "TENANTKEEP_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "TENANTKEEP_SIGN_IN_DIRECTORY_ID": own["directory_id"],
        "TENANTKEEP_SIGN_IN_CLIENT_ID": own["client_id"],
        "TENANTKEEP_SIGN_IN_CLIENT_SECRET": own["client_secret"],
        "PORT": str(port),
        "DEMO_DATA": str(data),
        "DEMO_REDIS_PORT": str(redis_port),
        "DEMO_SIMULATOR_PORT": str(simulator_port),
        "PATH": config.path_with(Path(sys.executable).parent),
        "PYTHONUNBUFFERED": "1",
    }


def _read_or_make_key(path: Path) -> str:
    """Return the key in the file, which is made once and readable by its owner only."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
    return path.read_text().strip()


def _seed(described: list[dict[str, str]]) -> None:
    """Add the demo's users and tenants; what is there already stays as it is."""
    startup.bind(config.settings())
    migrate.migrate()
    startup.prepare(config.settings())
    with database.connection_context():
        for email, name, password, site_role, _ in PEOPLE:
            if not User.get_or_none(User.email == email):
                users.add(email, name, password, SYSTEM, site_role=site_role)
        for tenant in described:
            _seed_tenant(tenant)
        if not entra_grants.all_grants():
            entra_grants.set_grant(ADMIN_ROLE, SYSTEM, site_role=SiteRole.ADMIN)
            for tenant in tenants.by_name():
                entra_grants.set_grant(HELPDESK_GROUP, SYSTEM, tenant=tenant, role=Role.OPERATOR)


def _described_tenants() -> list[dict[str, str]]:
    # Asked of the simulator's own process: pages and commands know nothing of graph/.
    # -P: not from the folder the demo is started in.
    command = [sys.executable, "-P", "-m", "graph.simulator", "--describe"]
    described: list[dict[str, str]] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return described


def _seed_tenant(described: dict[str, str]) -> None:
    if tenants.find_by_text(described["directory_id"]):
        return
    tenant = new_tenants.add(described["name"], described["directory_id"], described["client_id"], SYSTEM)
    tenants.set_credential(tenant, CredentialKind.SECRET, {"secret": described["client_secret"]}, SYSTEM)
    for email, _, _, _, role in PEOPLE:
        if role:
            users.set_member(User.get(User.email == email), tenant, role, SYSTEM)


def _serve(data: Path, environment: dict[str, str], with_history: bool, is_lively: bool) -> int:
    """Run Procfile.demo until Ctrl-C, or until one of its processes ends."""
    with LogFiles(data / "log") as logs:
        manager = honcho.manager.Manager(printer=logs)
        for name, command in procfiles.parse_procfile(PROCFILE.read_text()).processes.items():
            manager.add_process(name, command, env=config.child_environment(**environment))
        Thread(target=_announce_when_ready, args=(environment, data, with_history, is_lively), daemon=True).start()
        manager.loop()
    if manager.returncode in STOPPED_BY_SIGNAL:
        click.echo("\nStopped.")
        return 0
    click.echo(f"\n{logs.stopped[0]}; so everything was stopped. Its log is below {data / 'log'}.", err=True)
    return 1


def _announce_when_ready(environment: dict[str, str], data: Path, with_history: bool, is_lively: bool) -> None:
    address = f"http://127.0.0.1:{environment['PORT']}"
    click.echo(f"Starting; logs are below {data / 'log'} …")
    if not _becomes_ready(address):
        click.echo(f"Not ready after {READY_SECONDS} s. Look into {data / 'log'}.", err=True)
        return
    click.echo(f"\nTenantkeep runs at {address}\n")
    for email, _, password, site_role, role in PEOPLE:
        click.echo(f"  {role or site_role!s:<17} {email:<24} {password}")
    click.echo("  or with the (simulated) Entra ID: Nora is an operator, Ed an admin, Otto nobody.")
    click.echo(f"\nThe simulator of Microsoft Graph is at {environment['TENANTKEEP_GRAPH_URL']}/_simulator/tenants:")
    click.echo("  what you change there, somebody changed in the tenant (docs/simulator.md).")
    click.echo(f"\nWhat Tenantkeep sends by e-mail is at {address}/demo/mailbox.")
    click.echo("\nCtrl-C stops everything.")
    if with_history:
        _make_history(environment)
    _sync_new_tenants(environment)
    with database.connection_context():
        _add_mailbox()
    if is_lively:
        _live(environment, address)


def _becomes_ready(address: str) -> bool:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            if requests.get(f"{address}/readyz", timeout=2).ok:
                return True
        except requests.RequestException:
            pass
        time.sleep(0.2)
    return False


def _make_history(environment: dict[str, str]) -> None:
    """Let a process of its own live through the year: this one's broker was made before its Redis."""
    command = [sys.executable, "-P", "-m", "web.demo.history", environment["TENANTKEEP_GRAPH_URL"]]
    click.echo("\nMaking a year of backups, for something to look at …")
    began = time.monotonic()
    made = subprocess.run(
        command, check=False, capture_output=True, text=True, env=config.child_environment(**environment)
    )
    seconds = time.monotonic() - began
    click.echo(f"Made in {seconds:.0f} s." if made.returncode == 0 else f"It was not made whole:\n{made.stderr}")


def _sync_new_tenants(environment: dict[str, str]) -> None:
    """Sync tenants, so that the browser shows policies at once."""
    with database.connection_context():
        names = [tenant.name for tenant in tenants.never_synced()]
    for name in names:
        _run_command(environment, "sync", name)


def _add_mailbox() -> None:
    """Add a channel that ends in the demo's own mail server, once there is something new to tell: not of the past."""
    if config.settings().smtp is None or MAILBOX in {channel.name for channel in channels.of_installation()}:
        return
    channel = channels.add(MAILBOX, ChannelKind.EMAIL, "oncall@demo.example", SYSTEM)
    events = (*rules.GRAVE_EVENTS, NoticeEvent.RESTORE_DONE)
    rules.add(channel, rules.RuleChoice(events=events, min_severity=Severity.MEDIUM), SYSTEM)


def _live(environment: dict[str, str], address: str) -> None:
    """Watch the tenants in which something happens from now on: each needs a backup that it would differ from."""
    with database.connection_context():
        chosen = [tenant for tenant in tenants.by_name() if tenant.name in lively.LIVELY]
        chosen.sort(key=lambda tenant: lively.LIVELY.index(tenant.name))
        new = [tenant.name for tenant in chosen if tenant.last_backup_at is None]
    for name in new:
        # What happens first happens in the first of them; the others' backups end in the meantime.
        _run_command(environment, "back-up", name, *(["--wait"] if name == lively.LIVELY[0] else []))
    with database.connection_context():
        lively.watch(chosen)
    click.echo(f"\nThe tenants change by themselves from now on: {address}/changes/")
    lively.keep_changing(environment["TENANTKEEP_GRAPH_URL"], chosen)


def _run_command(environment: dict[str, str], *words: str) -> None:
    """Run one of our own commands: this process's broker was made before its Redis."""
    command = [str(Path(sys.executable).parent / "tenantkeep"), *words]
    subprocess.run(command, check=False, capture_output=True, env=config.child_environment(**environment))
