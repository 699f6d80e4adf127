"""docs/api.md, typed in from its first line to its last: each `curl` of the page against a web process and a worker.

What the page shows under a block is what came: the same names and words, but for numbers, times and addresses.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager

import pytest

import actors.backups.back_up
from db.accounts import api_tokens
from db.audit.audit import SYSTEM
from db.changes import approvals
from db.models import Policy
from db.states import Scope
from tests.support import servers
from tests.support.outside_changes import Outside
from tests.support.simulated_tenant import WRITE

pytestmark = [pytest.mark.parametrize("database_url", ["sqlite"], indirect=True), pytest.mark.usefixtures("quick")]
PAGE = servers.ROOT / "docs" / "api.md"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
END_OF_BLOCK = "--- end of block ---"
# Where the machine has no jq: the few of its words that the page uses.
JQ = f"""#!{sys.executable}
import json, re, sys
*options, words = sys.argv[1:]
value, path = json.load(sys.stdin), words.removesuffix(" == null")
for name, number in re.findall(r"\\.(\\w+)|\\[(\\d+)\\]", path):
    value = (value or {{}}).get(name) if name else (value[int(number):] or [None])[0]
value = value is None if words.endswith(" == null") else value
print(value if "-r" in options and isinstance(value, str) else json.dumps(value))
sys.exit("-e" in options and value in (None, False))
"""
# Values that are others each time: so they are shown, and so they come.
SORTS = [
    re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
    re.compile(r"[0-9a-f]{64}"),
    re.compile(r"[0-9a-f]{32}"),
    re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    re.compile(r"https?://[^/]+(/.*)?"),
    re.compile(r"tk_\S+"),
]
MORE = "…"


def blocks():
    """[(commands, the sort of what is shown below, what is shown)] of the page."""
    fences = [(found[1], found[2]) for found in FENCE.finditer(PAGE.read_text())]
    return [
        (text, *(fences[number + 1] if fences[number + 1 : number + 2] and fences[number + 1][0] != "sh" else ("", "")))
        for number, (sort, text) in enumerate(fences)
        if sort == "sh"
    ]


@contextmanager
def web_process():
    port = servers.free_port()
    command = [servers.TENANTKEEP, "web", "--bind", f"127.0.0.1:{port}", "--processes", "1"]
    with servers.running(command, cwd=servers.ROOT, env=servers.environment(), stderr=subprocess.DEVNULL) as process:
        servers.wait_for(lambda: servers.answers_http(f"http://127.0.0.1:{port}/healthz"), "web", process=process)
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def token(graph, worker, cast, ended):
    """A token of Max, who manages Contoso: backed up once, approved so, and then somebody changed a policy."""
    graph.change(permissions=WRITE)
    ended(actors.backups.back_up.start(cast.contoso, SYSTEM).run.id)
    policy = Policy.get((Policy.tenant == cast.contoso) & Policy.name.endswith("1"))
    approvals.approve_policies(cast.contoso, [policy.id], SYSTEM)
    Outside(graph).change(policy.policy_type, policy.graph_id, description="somebody was here")
    return api_tokens.make(cast.max, "nightly", list(Scope), None, None, 90, SYSTEM)[1]


def test_every_curl_of_the_page_answers_what_the_page_says(token, tmp_path):
    if not shutil.which("jq"):
        (tmp_path / "jq").write_text(JQ)
        (tmp_path / "jq").chmod(0o755)
    shown = blocks()
    script = "".join(f"{commands}echo '{END_OF_BLOCK}'\n" for commands, _, _ in shown)
    with web_process() as address:
        done = subprocess.run(
            ["bash", "-eu", "-o", "pipefail", "-c", script], capture_output=True, text=True, timeout=300,
            env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "TENANTKEEP": address, "TOKEN": token},
        )  # fmt: skip
    came = done.stdout.split(f"{END_OF_BLOCK}\n")
    assert (done.returncode, len(came)) == (0, len(shown) + 1), done.stderr + done.stdout[-3000:]
    for (commands, sort, said), output in zip(shown, came, strict=False):
        if sort == "json":
            require_like(json.loads(said), json.loads(output), commands)
        elif sort:
            assert output == said, commands


def require_like(said, came, where):
    if said == MORE:
        return
    assert type(said) is type(came), (where, said, came)
    if isinstance(said, dict):
        left_out = came.keys() - said.keys() if MORE in said else set()
        assert said.keys() - {MORE} == came.keys() - left_out, where
        for name in said.keys() - {MORE}:
            require_like(said[name], came[name], f"{where} {name}")
    elif isinstance(said, list):
        is_whole = MORE not in said
        assert len(said) == len(came) if is_whole else len(said) - 1 <= len(came), (where, came)
        for place, element in enumerate(said if is_whole else said[:-1]):
            require_like(element, came[place], f"{where} {place}")
    elif isinstance(said, str):
        sort = next((sort for sort in SORTS if sort.fullmatch(said)), None)
        assert sort.fullmatch(came) if sort else said == came, (where, said, came)
