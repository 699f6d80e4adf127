"""The wheel as an operator has it: built from what git tracks, installed by the lock where nothing else is, and run."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile

import pytest
import requests

from tests.support import servers
from tests.support.demo import running_demo

pytestmark = pytest.mark.skipif(
    not (servers.ROOT / ".git").exists(), reason="only git tells which files belong to the product"
)

FOLDERS = ("web", "actors", "db", "graph", "templates", "config")
UNREACHABLE = re.compile(r"NewConnectionError|ConnectTimeoutError|NameResolutionError|Max retries exceeded")
VERSION = tomllib.loads((servers.ROOT / "pyproject.toml").read_text())["project"]["version"]


def tracked():
    """Every file of the checkout that belongs to it, as it is now."""
    line = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(line, cwd=servers.ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    return [name for name in names if (servers.ROOT / name).is_file()]


def copied(folder):
    """A checkout there, with what git tracks and nothing else that lies in ours."""
    for name in tracked():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(servers.ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The folder of the programs of an environment made as README.md says; the checkout is gone by then."""
    folder = tmp_path_factory.mktemp("installed")
    environment, copy = folder / "environment", copied(folder / "checkout")
    venv.create(environment, with_pip=True)
    steps = re.findall(r"^/opt/tenantkeep/bin/(pip) (install .+)$", (copy / "README.md").read_text(), re.MULTILINE)
    assert len(steps) == 2
    for program, words in steps:
        done = run(environment / "bin" / program, *words.split(), folder=copy, PIP_RETRIES="1")
        if done.returncode and UNREACHABLE.search(done.stderr) and "CI" not in os.environ:
            pytest.skip("the package index cannot be reached")
        assert done.returncode == 0, done.stderr
    shutil.rmtree(copy)
    return environment / "bin"


def run(*command, folder=None, **environment):
    """The finished process, which knows nothing of the checkout's environment."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TENANTKEEP_", "PYTHON"))}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=300, cwd=folder or "/", env={**clean, **environment}
    )


@pytest.fixture(scope="module")
def demo(installed, tmp_path_factory):
    """The demo of what is installed, in an empty folder, once every first sync has ended."""
    data = tmp_path_factory.mktemp("elsewhere") / "data"
    with running_demo(data, str(installed / "tenantkeep")) as running:
        servers.wait_for(lambda: len(runs(data)) == 3 and not active(data), "The end of each tenant's sync")
        yield running


def runs(data):
    connection = sqlite3.connect(data / "tenantkeep.db")
    try:
        return [state for (state,) in connection.execute("SELECT state FROM run")]
    finally:
        connection.close()


def active(data):
    return {"queued", "running"} & set(runs(data))


def test_every_file_of_the_product_is_in_it(tmp_path):
    """Not only what a browser asks for: migrations, and whatever is added some day. Made by way of the sdist."""
    built("sdist", copied(tmp_path / "checkout"), tmp_path)
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as sdist:
        sdist.extractall(tmp_path, filter="data")
    built("wheel", tmp_path / f"tenantkeep-{VERSION}", tmp_path)
    wanted = {name for name in tracked() if name.startswith(tuple(f"{one}/" for one in FOLDERS))}
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as packed:
        names = {name for name in packed.namelist() if ".dist-info/" not in name}
    assert names == wanted


def built(kind, source, into):
    line = [sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", into]
    subprocess.run(line, cwd=source, check=True, capture_output=True)


def test_it_tells_its_version_where_no_checkout_is(installed, tmp_path):
    done = run(installed / "tenantkeep", "--version", folder=tmp_path)
    assert done.stdout.strip() == f"tenantkeep, version {VERSION}"
    where = run(installed / "python", "-P", "-c", "import web; print(web.__file__)", folder=tmp_path)
    assert where.stdout.startswith(str(installed.parent)), "what these tests look at is the checkout"


def test_it_migrates_an_empty_database(installed, tmp_path, request):
    """PostgreSQL's; that of the demo is SQLite's."""
    server = request.getfixturevalue("_postgresql")
    servers.execute(server, "CREATE DATABASE wheel")
    keys = {name: os.environ[f"TENANTKEEP_{name}"] for name in ("SECRET_KEY", "ENCRYPTION_KEYS")}
    given = {**keys, "DATABASE_URL": f"{server}/wheel"}
    settings = {f"TENANTKEEP_{name}": value for name, value in given.items()}
    done = run(installed / "tenantkeep", "migrate", "--json", folder=tmp_path, **settings)
    migrations = [path.stem for path in sorted((servers.ROOT / "db" / "migrations").glob("0*.py"))]
    assert json.loads(done.stdout) == {"applied": migrations, "missing_grants": []}, done.stderr


def test_its_worker_and_scheduler_carry_out_each_sync(demo):
    assert runs(demo.data) == ["succeeded"] * 3


def test_its_pages_and_static_files_answer(demo):
    """Every page that a link leads an admin to, and every file that a page asks for or that we have."""
    with requests.Session() as session:
        sign_in(session, demo)
        static = [f"/{name.removeprefix('web/')}" for name in tracked() if name.startswith("web/static/")]
        answers = walked(session, demo.address, ["/", *static])
    assert {path: status for path, status in answers.items() if status != 200} == {}
    shapes = {re.sub(r"\d+", "1", path) for path in answers}
    assert shapes >= {"/tenants/1", "/policies/1", "/runs/1", "/schedules/", "/audit/", "/users/1", "/restores/new"}


def sign_in(session, demo):
    page = session.get(f"{demo.address}/sign-in").text
    token = page.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
    email, password = demo.sign_in_of("admin")
    form = {"email": email, "password": password, "csrf_token": token}
    session.post(f"{demo.address}/sign-in", data=form).raise_for_status()


def walked(session, address, waiting):
    """{path: status} of what the pages lead to; one of each shape, without what is searched or sorted."""
    answers, seen = {}, set()
    while waiting:
        path = waiting.pop(0)
        shape = path if "/static/" in path else re.sub(r"\d+", "1", path)
        if shape in seen:
            continue
        seen.add(shape)
        answer = session.get(address + path, timeout=60)
        answers[path] = answer.status_code
        if "html" in answer.headers["Content-Type"]:
            waiting += re.findall(r'(?:href|src)="(/[^"?#]*)', answer.text)
    return answers
