"""Render every page that the people of a demo can reach, of the checkout in the current folder.

`page_comparison.py` runs this file by its path, also in checkouts that are older than it is. So it imports of the
product only what keeps its name, and nothing of the tests.

Two renders of one checkout are equal: every request begins with the same database and an empty Redis, the clock
stands still at the moment at which the demo ended, and what is random is drawn from the address of the page.
"""

import itertools
import json
import logging
import os
import random
import re
import secrets
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
import zipfile
import zlib
from collections import Counter
from datetime import datetime
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

HOST = "http://127.0.0.1:8000"
# How many pages, and how many forms, of one kind each person is shown.
PAGES_OF_A_KIND = 2
FORMS_OF_A_KIND = 2
# Where nobody is signed in.
STRANGER = "stranger"
FOR_STRANGERS = (
    "/sign-in",
    "/sign-in?next=/policies/",
    "/sign-in/code",
    "/sign-in/passkey",
    "/healthz",
    "/readyz",
    "/",
)
# Lists as they are seldom looked at; the crawl finds the others.
LISTS = ("/tenants/", "/policies/", "/backup-sets/", "/restores/", "/runs/", "/audit/", "/notifications/")
QUERIES = ("?search=a", "?search=nothing+is+called+like+this", "?tenant=2", "?tenant=all", "?page=1", "?page_size=50")
RESTORES = ("/restores/{previewed}", "/restores/{finished}", "/restores/{undo}")
RUNS = ("/runs/{live}", "/runs/{run}", "/runs/{failed}", "/runs/2")
_FILLED = ("notification", "restore_item", "restore", "backup_set", "snapshot", "run_item", "run")
EMPTY = [f"DELETE FROM {table}" for table in _FILLED]
# What a demo does not come to: statements, and the pages that then look otherwise.
CHANGES = {
    **{
        f"restore-{state}": (
            [f"UPDATE restore SET state = '{state}'"],
            [*RESTORES, *(f"{path}/plan" for path in RESTORES), "/restores/"],
        )
        for state in ("draft", "previewed", "approved", "running", "finished", "expired", "cancelled")
    },
    **{
        f"two-people-{state}": (
            ["UPDATE tenant SET four_eyes = 1", f"UPDATE restore SET state = '{state}'"],
            [*RESTORES, *(f"{path}/plan" for path in RESTORES)],
        )
        for state in ("draft", "previewed", "approved", "expired")
    },
    **{
        f"run-{state}": (
            [f"UPDATE run SET state = '{state}', dedupe_key = dedupe_key || id"],
            [*RUNS, *(f"{path}/progress" for path in RUNS), *RESTORES, "/runs/", "/runs/mine", "/backup-sets/1"],
        )
        for state in ("queued", "running", "succeeded", "partial", "failed", "cancelled")
    },
    "run-waiting": (
        [
            "UPDATE run SET state = 'running', dedupe_key = dedupe_key || id, waiting = 'Graph asks to wait',"
            " ended_at = NULL",
            "UPDATE run_item SET state = 'pending', outcome = NULL WHERE id % 2 = 0",
        ],
        [*RUNS, *(f"{path}/progress" for path in RUNS), "/"],
    ),
    "items-failed": (
        ["UPDATE run_item SET state = 'failed', outcome = 'error', message = 'Graph said no'"],
        [*RUNS, *RESTORES],
    ),
    "items-uncertain": (
        ["UPDATE run_item SET state = 'uncertain', outcome = 'unknown', message = 'No answer came'"],
        [*RUNS, *RESTORES],
    ),
    "tenants-off": (["UPDATE tenant SET is_active = 0"], ["/", "/tenants/", "/tenants/2", "/policies/{policy}"]),
    "tenants-going": (
        ["UPDATE tenant SET is_active = 0, removing_since = created_at"],
        ["/", "/tenants/", "/tenants/2", "/tenants/2/administration"],
    ),
    "tenants-unconnected": (
        ["UPDATE tenant SET connection_error = 'The secret is wrong'"],
        ["/", "/tenants/", "/tenants/2", "/tenants/2/administration"],
    ),
    "tenants-without-credential": (
        ["UPDATE tenant SET credential_kind = 'none', credential = NULL, last_synced_at = NULL, connected_at = NULL"],
        ["/", "/tenants/", "/tenants/2", "/tenants/2/administration"],
    ),
    "tenants-keep-little": (
        ["""UPDATE tenant SET retention = '{"last": 1, "daily": 2, "weekly": 0, "monthly": 0}', four_eyes = 1"""],
        ["/tenants/2", "/tenants/2/administration", "/tenants/2/retention"],
    ),
    "policies-gone": (
        ["UPDATE policy SET state = 'gone', gone_at = last_seen_at"],
        ["/policies/", "/policies/{policy}", "/snapshots/{snapshot}", "/policies/?state=gone"],
    ),
    "policies-never-captured": (
        ["UPDATE policy SET snapshot_count = 0, last_captured_at = NULL", "DELETE FROM snapshot"],
        ["/policies/", "/policies/{policy}"],
    ),
    "coverage-bad": (
        ["UPDATE coverage SET bad_since = asked_at, why = 'Graph said no', offer = 'not permitted' WHERE id % 3 = 0"],
        ["/", "/tenants/", "/tenants/2", "/backup-sets/1"],
    ),
    "sets-incomplete": (["UPDATE backup_set SET state = 'incomplete'"], ["/", "/backup-sets/", "/backup-sets/1"]),
    "sets-running": (["UPDATE backup_set SET state = 'running'"], ["/", "/backup-sets/", "/backup-sets/1"]),
    "audit-changed": (["UPDATE audit_event SET details = '{}' WHERE id = 3"], ["/", "/audit/", "/audit/?tenant=all"]),
    "people-inactive": (
        ["UPDATE users SET is_active = 0 WHERE email NOT LIKE 'admin%'"],
        ["/users/", "/users/3"],
    ),
    "nothing-yet": (
        EMPTY,
        ["/", "/tenants/2", *LISTS, "/restores/new", "/schedules/", "/tenants/1/mappings/"],
    ),
    "no-tenants": (
        [*EMPTY, "DELETE FROM policy", "DELETE FROM tenant"],
        ["/", "/account/", "/users/", "/users/3", *LISTS, "/restores/new", "/schedules/"],
    ),
}


class Forms(HTMLParser):
    """Addresses and forms of a page: (method, action, fields) each, the fields as a browser would send them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.forms: list[tuple[str, str, list[tuple[str, str]]]] = []
        self._select = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.addresses += [value for name, value in values.items() if name != "action" and value.startswith("/")]
        if tag == "form":
            self.forms.append((values.get("method", "get").lower(), values.get("action", ""), []))
        elif self.forms:
            self._add_field(tag, values)

    def _add_field(self, tag: str, values: dict[str, str]) -> None:
        fields, name, value = self.forms[-1][2], values.get("name", ""), values.get("value", "")
        if tag == "select":
            self._select = name
        elif tag == "textarea" and name:
            fields.append((name, ""))
        elif tag == "option" and "selected" in values and self._select:
            fields.append((self._select, value))
        elif (
            tag == "input" and name and (values.get("type") not in ("checkbox", "radio", "file") or "checked" in values)
        ):
            fields.append((name, value))


class Renderer:
    def __init__(self, data: Path, out: Path) -> None:
        tour = json.loads((data / "tour.json").read_text())
        self.numbers: dict[str, str] = tour["numbers"]
        self.paths: list[str] = [path.format(**self.numbers) for path in tour["paths"]]
        self.now = datetime.fromisoformat(tour["now"])
        self.out = out
        self.folder = Path(tempfile.mkdtemp(prefix="page-comparison-"))
        self.base, self.database = self.folder / "base.db", self.folder / "tenantkeep.db"
        _copy_database(data / "tenantkeep.db", self.base)
        self.port = _free_port()
        os.environ.update(
            TENANTKEEP_DATABASE_URL=f"sqlite:///{self.database}",
            TENANTKEEP_REDIS_URL=f"redis://127.0.0.1:{self.port}/0",
            TENANTKEEP_SECRET_KEY=(data / "secret-key").read_text(),
            TENANTKEEP_ENCRYPTION_KEYS=(data / "encryption-keys").read_text(),
            TENANTKEEP_GRAPH_URL="http://127.0.0.1:9",
            TENANTKEEP_LOGIN_URL="http://127.0.0.1:9",
            TENANTKEEP_PUBLIC_URL=HOST,
            TENANTKEEP_LOG_FORMAT="json",
        )
        self.random = random.Random()
        self.cookies: dict[str, tuple[str, str] | None] = {STRANGER: None}
        self.reached: Counter[tuple[str, str]] = Counter()

    def render(self) -> None:
        import redis

        from actors import embedded_redis
        from web.demo.running import PEOPLE  # after the settings, which some modules read as they are imported

        people = [(email.partition("@")[0], email, password) for email, _, password, _, _ in PEOPLE]

        line = embedded_redis.command(self.port, self.folder)
        server = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self.redis = redis.Redis(port=self.port)
            _wait_for(self.redis)
            self._start_app()
            for role, email, password in people:
                self._sign_in(role, email, password)
            for path in FOR_STRANGERS:
                self._get(STRANGER, path)
            for role, _, _ in people:
                self._crawl(role)
            for name, (statements, paths) in CHANGES.items():
                self._render_changed(name, statements, paths)
            self._report()
        finally:
            server.terminate()
            server.wait()
            shutil.rmtree(self.folder)

    def _start_app(self) -> None:
        shutil.copy(self.base, self.database)
        from db import clock
        from web.app import create_app

        self.app = create_app()
        logging.disable()
        now = self.now

        class Frozen(datetime):
            @classmethod
            def now(cls, tz=None):
                return now.replace(tzinfo=tz)

        clock.datetime = Frozen
        # So slow that the database's time is not followed.
        clock.monotonic = itertools.count(0, 1000).__next__
        self._make_repeatable()

    def _make_repeatable(self) -> None:
        import pyotp

        draw = self.random
        pyotp.random_base32 = lambda *_: "A" * 32
        secrets.token_bytes = lambda count=32: draw.randbytes(count)
        secrets.token_hex = lambda count=32: draw.randbytes(count).hex()
        secrets.token_urlsafe = lambda count=32: draw.randbytes(count).hex()
        secrets.choice = draw.choice
        secrets.randbelow = draw.randrange
        uuid.uuid4 = lambda: uuid.UUID(bytes=draw.randbytes(16))

    def _sign_in(self, role: str, email: str, password: str) -> None:
        self.random.seed(role)
        self.redis.flushall()
        client = self.app.test_client()
        token = dict(Forms(client.get("/sign-in", base_url=HOST).text).forms[0][2])["csrf_token"]
        form = {"email": email, "password": password, "csrf_token": token}
        answer = client.post("/sign-in", data=form, base_url=HOST)
        assert answer.status_code in (302, 303), f"{email} cannot sign in: {answer.status}"
        client.get("/", base_url=HOST)  # which shows what signing in has to say
        name = self.app.config["SESSION_COOKIE_NAME"]
        self.cookies[role] = (name, client.get_cookie(name, domain="127.0.0.1").value)
        _copy_database(self.database, self.base)

    def _open(self, role: str, method: str, path: str, **options: object):
        for suffix in ("-wal", "-shm"):
            self.database.with_name(self.database.name + suffix).unlink(missing_ok=True)
        shutil.copy(self.base, self.database)
        self.redis.flushall()
        self.random.seed(f"{role} {method} {path}")
        client = self.app.test_client()
        if cookie := self.cookies[role]:
            client.set_cookie(*cookie, domain="127.0.0.1")
        answer = client.open(path, method=method, base_url=HOST, headers={"X-Request-Id": "page-comparison"}, **options)
        endpoint = self._endpoint(method, path)
        if endpoint:
            self.reached[(method, endpoint)] += 1
        return answer

    def _endpoint(self, method: str, path: str) -> str:
        from werkzeug.exceptions import HTTPException

        try:
            return self.app.url_map.bind("").match(urlsplit(path).path, method)[0]
        except HTTPException:
            return ""

    def _get(self, role: str, path: str, change: str = "") -> str:
        answer = self._open(role, "GET", path)
        self._write(Path(change) / role if change else Path(role), f"GET {path}", answer)
        return answer.text if answer.mimetype == "text/html" else ""

    def _crawl(self, role: str) -> None:
        queries = QUERIES if role == "admin" else ()
        todo = list(dict.fromkeys([*self.paths, *(path + query for path in LISTS for query in queries)]))
        seen, kinds, forms = set(todo), Counter(), []
        while todo:
            page = Forms(self._get(role, todo.pop(0)))
            forms += page.forms
            for path in page.addresses:
                path = path.partition("#")[0]
                kind = (self._endpoint("GET", path), tuple(sorted(name for name, _ in parse_qsl(urlsplit(path).query))))
                if path in seen or not kind[0] or kind[0].endswith("static"):
                    continue
                seen.add(path)
                kinds[kind] += 1
                if kinds[kind] <= PAGES_OF_A_KIND:
                    todo.append(path)
        self._send_forms(role, forms)

    def _send_forms(self, role: str, forms: list[tuple[str, str, list[tuple[str, str]]]]) -> None:
        kinds: Counter[tuple[str, tuple[str, ...]]] = Counter()
        for method, action, fields in forms:
            kind = (self._endpoint("POST", action), tuple(sorted({name for name, _ in fields})))
            if method != "post" or not kind[0]:
                continue
            kinds[kind] += 1
            if kinds[kind] <= FORMS_OF_A_KIND:
                values: dict[str, list[str]] = {}
                for name, value in fields:
                    values.setdefault(name, []).append(value)
                answer = self._open(role, "POST", action, data=values, follow_redirects=True)
                self._write(Path(role), f"POST {kinds[kind]} {action} {' '.join(kind[1])}", answer)

    def _render_changed(self, change: str, statements: list[str], paths: list[str]) -> None:
        kept = self.folder / "kept.db"
        shutil.copy(self.base, kept)
        with sqlite3.connect(self.base) as connection:
            connection.execute("PRAGMA foreign_keys = ON")
            triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for statement in [*(f"DROP TRIGGER {name}" for (name,) in triggers), *statements]:
                connection.execute(statement)
        connection.close()
        for role in ("admin", "manager"):
            for path in paths:
                self._get(role, path.format(**self.numbers), change)
        shutil.copy(kept, self.base)

    def _write(self, folder: Path, name: str, answer) -> None:
        head = f"{answer.status}\n{answer.mimetype}\n{answer.headers.get('Location', '')}\n\n"
        path = self.out / folder / f"{_file_name(name)}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(head + _body(answer))

    def _report(self) -> None:
        rules = [(method, rule.endpoint) for rule in self.app.url_map.iter_rules() for method in rule.methods]
        unreached = sorted(f"{method} {name}" for method, name in rules if method in ("GET", "POST")
                           and (method, name) not in self.reached)  # fmt: skip
        sys.stdout.write(f"{sum(self.reached.values())} answers of {len(self.reached)} routes. "
                         f"Never asked for: {', '.join(unreached)}.\n")  # fmt: skip


def _body(answer) -> str:
    data = answer.get_data()
    if data[:2] == b"PK":
        with zipfile.ZipFile(BytesIO(data)) as archive:
            return "".join(f"{name}\n{archive.read(name).decode(errors='replace')}\n" for name in archive.namelist())
    text = data.decode(errors="backslashreplace")
    if answer.mimetype == "application/json":
        return json.dumps(json.loads(text), indent=1, ensure_ascii=False)
    text = re.sub(r'(name="csrf_token"[^>]*value=)"[^"]*"', r'\1"TOKEN"', text)
    return re.sub(r"([?&]|&amp;)v=[\w.]+", r"\1v=VERSION", text)


def _file_name(name: str) -> str:
    quoted = quote(name, safe=" ?=&,")
    return quoted if len(quoted) < 200 else f"{quoted[:190]} {zlib.crc32(name.encode())}"


def _copy_database(source: Path, target: Path) -> None:
    """Copy with what still stands in the write-ahead log."""
    begin, end = sqlite3.connect(source), sqlite3.connect(target)
    begin.backup(end)
    begin.close()
    end.execute("PRAGMA journal_mode = delete")
    end.close()


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def _wait_for(client) -> None:
    import redis

    for _ in range(200):
        try:
            client.ping()
            return
        except redis.ConnectionError:
            time.sleep(0.05)
    raise TimeoutError("Redis does not answer")


def main() -> None:
    sys.path[0] = os.getcwd()
    Renderer(Path(sys.argv[1]), Path(sys.argv[2])).render()


if __name__ == "__main__":
    main()
