"""`make image-proof`: take the Containerfile's own steps in a tree that debootstrap made, and run what comes of them.

Where no container engine can fetch a base image. As root, for some minutes; trees stay below var/image. What runs is
shut in as a container is: its own processes, a root that nobody can write, /tmp in memory, a user without rights. The
network is this machine's, loopback alone.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import requests

from tests.support import containerfile, servers

TREES = servers.ROOT / "var" / "image"
SUITES = {"13": "trixie"}
CERTIFICATES = "/run/certificates.crt"
GRACE_SECONDS = 30

# $1: the tree. What only a build has: a network's own certificates and names.
BUILD = rf"""
mount -t proc proc "$1/proc"
mount --rbind /etc/resolv.conf "$1/etc/resolv.conf"
touch "$1{CERTIFICATES}" && mount --bind "$2" "$1{CERTIFICATES}"
exec chroot "$1" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    DEBIAN_FRONTEND=noninteractive PIP_CERT={CERTIFICATES} sh -e -c "cd $3 && $4"
"""
# $1: the tree, $2: the secrets' folder, $3: the host's name, $4: the user; then what env takes.
RUN = r"""
root=$1 secrets=$2 host=$3 user=$4; shift 4
hostname "$host"
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs -o size=64m,mode=1777 tmpfs "$root/tmp"
mount -t tmpfs -o size=64m,mode=1777 tmpfs "$root/dev/shm"
mount --bind "$secrets" "$root/run/secrets"
mount -o remount,bind,ro "$root"
mount -o remount,bind,ro "$root/run/secrets"
exec chroot "$root" setpriv --reuid="${user%:*}" --regid="${user#*:}" --clear-groups --no-new-privs \
    --bounding-set=-all --inh-caps=-all env -i "$@"
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.tools.image_proof", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--built", action="store_true", help="run the trees of the time before")
    is_built = parser.parse_args().built
    if os.geteuid() != 0 or not shutil.which("debootstrap"):
        sys.exit("Run it as root, where debootstrap is installed.")
    check_manifests()
    *_, final = stages = containerfile.stages()
    trees = {"": TREES / "final"} if is_built else {stage.name: build(stage) for stage in stages}
    check_tree(trees[final.name], final)
    try_it(trees[final.name], final)
    say("all of it holds")


def say(text: str) -> None:
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stdout.flush()


def check_manifests() -> None:
    """Ask the programs that know the schemas, in the environment that `make image-proof` makes."""
    programs, compose = Path(sys.prefix) / "image" / "bin", servers.ROOT / "compose.yaml"
    subprocess.run([programs / "python", "-c", COMPOSE, compose], check=True)
    rendered = TREES / "kubernetes.yaml"
    TREES.mkdir(parents=True, exist_ok=True)
    example = servers.ROOT / "deploy" / "kubernetes" / "overlays" / "example"
    with rendered.open("w") as file:
        subprocess.run(["kubectl", "kustomize", example], check=True, stdout=file)
    for version in ("1.31", "1.37"):
        line = [programs / "kubernetes-validate", "--strict", "--quiet", "-k", version, rendered]
        subprocess.run(line, check=True)
    say("compose.yaml and the manifests are as their schemas want them")


COMPOSE = """
import sys, compose_spec
options = compose_spec.PyOptions()
options.apply_merge = True
options.from_yaml(open(sys.argv[1]).read()).validate()
"""


# --- building -----------------------------------------------------------------------------------------------------


def base_tree(base: str) -> Path:
    """Return the tree of the suite that the base image is made of; made once."""
    version = re.fullmatch(r"docker\.io/library/debian:(\d+)\.\d+-slim", base)[1]
    tree = TREES / f"base-{SUITES[version]}"
    if not (tree / ".made").exists():
        shutil.rmtree(tree, ignore_errors=True)
        tree.mkdir(parents=True)
        say(f"debootstrap makes {SUITES[version]}")
        subprocess.run(
            ["debootstrap", "--variant=minbase", SUITES[version], tree], check=True, stdout=subprocess.DEVNULL
        )
        (tree / ".made").touch()
    return tree


def build(stage: containerfile.Stage) -> Path:
    tree, workdir = TREES / (stage.name or "final"), "/"
    shutil.rmtree(tree, ignore_errors=True)
    subprocess.run(["cp", "--archive", base_tree(stage.base), tree], check=True)
    for instruction, words in stage.steps:
        if instruction == "RUN":
            say(f"{stage.name or 'final'}: {words[:90]}")
            certificates = os.environ.get("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt")
            shut_in = ["unshare", "--mount", "--pid", "--fork", "sh", "-e", "-c", BUILD, "sh"]
            line = [*shut_in, tree, certificates, workdir, words]
            subprocess.run(line, check=True, stdout=subprocess.DEVNULL)
        elif instruction == "COPY":
            copy(tree, workdir, words)
        elif instruction == "WORKDIR":
            workdir = words
            (tree / words.strip("/")).mkdir(parents=True, exist_ok=True)
    return tree


def copy(tree: Path, workdir: str, words: str) -> None:
    """As COPY does; of the checkout what git tracks, which is what .containerignore leaves of these folders."""
    stage, sources, target = containerfile.copied(words)
    for source in sources:
        place = tree / os.path.join(workdir, target).strip("/")
        place = place / Path(source).name if target.endswith("/") else place
        place.parent.mkdir(parents=True, exist_ok=True)
        if stage:
            subprocess.run(["cp", "--archive", TREES / stage / source.strip("/"), place], check=True)
            continue
        listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", source]
        names = subprocess.run(listed, cwd=servers.ROOT, check=True, capture_output=True, text=True).stdout
        for name in names.splitlines():
            one = place / Path(name).relative_to(source) if name != source else place
            one.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(servers.ROOT / name, one)


def check_tree(tree: Path, final: containerfile.Stage) -> None:
    """Nothing that builds is in it, nothing that anybody else than root may write, and its size."""
    programs = {
        path.name for folder in ("usr/bin", "usr/local/bin", "opt/tenantkeep/bin") for path in (tree / folder).glob("*")
    }
    found = {
        name for name in programs if re.fullmatch(r"(gcc|cc|g\+\+|make|pip|pip3|git|curl|wget|ld)([-.\d]+)?", name)
    }
    assert not found, found
    packages = [path.name for path in (tree / "opt/tenantkeep/lib").glob("python3*/site-packages/*.dist-info")]
    writable = [
        str(path) for path in (tree / "opt").rglob("*") if not path.is_symlink() and path.stat().st_mode & 0o022
    ]
    assert not writable, writable
    sizes = {
        what: size(folder)
        for what, folder in {"image": tree, "base": base_tree(final.base), "product": tree / "opt"}.items()
    }
    say(f"{len(packages)} Python packages; in MB: {sizes}")


def size(folder: Path) -> int:
    return int(subprocess.run(["du", "-sm", folder], check=True, capture_output=True, text=True).stdout.split()[0])


# --- running ------------------------------------------------------------------------------------------------------


class Image:
    def __init__(self, tree: Path, stage: containerfile.Stage, secrets_folder: Path, settings: dict[str, str]) -> None:
        self.tree, self.stage, self.secrets, self.settings = tree, stage, secrets_folder, settings
        (tree / "run/secrets").mkdir(exist_ok=True)

    def line(self, host: str, words: list[str], entrypoint: list[str] | None = None) -> list[str]:
        """The command line that runs it as `docker run --read-only --cap-drop ALL` does."""
        environment = {**self.stage.environment, **self.settings}
        pairs = [f"{name}={value}" for name, value in environment.items()]
        command = [*(entrypoint or containerfile.command(self.stage.last("ENTRYPOINT"))), *words]
        place = [f"--chdir={self.stage.workdir}"]
        return [
            *("unshare", "--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child", "sh", "-e", "-c", RUN, "sh"),
            *(str(self.tree), str(self.secrets), host, self.stage.last("USER"), *place, *pairs, *command),
        ]

    def run(self, *words: str, said: str = "", code: int = 0, entrypoint: list[str] | None = None) -> str:
        done = subprocess.run(
            self.line("once", list(words), entrypoint), input=said, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
        return done.stdout + done.stderr

    @contextmanager
    def running(self, *words: str) -> Iterator["Container"]:
        log = (TREES / f"{words[0]}.log").open("w")
        process = subprocess.Popen(self.line(words[0], list(words)), stdout=log, stderr=log)
        try:
            yield Container(process, Path(log.name))
        finally:
            process.kill()
            process.wait()
            log.close()


class Container:
    def __init__(self, process: subprocess.Popen, log: Path) -> None:
        self.process, self.log = process, log

    @property
    def first(self) -> int:
        """The first process of it, as this machine counts."""
        return int(Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()[0])

    def inside(self, *words: str) -> subprocess.CompletedProcess:
        """As `docker exec` does: its environment, its user."""
        environment = Path(f"/proc/{self.first}/environ").read_bytes().decode().strip("\0").split("\0")
        enter = ["nsenter", "--target", str(self.first), "--mount", "--pid", "--uts", "--root", "--wd",
                 "setpriv", "--reuid=10001", "--regid=10001", "--clear-groups", "env", "-i"]  # fmt: skip
        return subprocess.run([*enter, *environment, *words], capture_output=True, text=True, check=False)

    def stop(self) -> float:
        """SIGTERM to its first process, as every engine sends it. Return the seconds it took."""
        began = time.monotonic()
        os.kill(self.first, signal.SIGTERM)
        self.process.wait(GRACE_SECONDS)
        return time.monotonic() - began


def try_it(tree: Path, final: containerfile.Stage) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tenantkeep-image-")))
        folder.chmod(0o755)
        for name in ("postgresql", "redis", "secrets"):
            (folder / name).mkdir()
        ports = [servers.free_port() for _ in range(3)]
        stack.enter_context(servers.redis_server(ports[0], folder / "redis"))
        database = stack.enter_context(servers.postgresql_server(folder / "postgresql"))
        simulator = f"http://127.0.0.1:{ports[1]}"
        line = [sys.executable, "-m", "graph.simulator", "--port", str(ports[1])]
        stack.enter_context(servers.running(line, cwd=servers.ROOT, stderr=subprocess.DEVNULL))
        servers.wait_for(lambda: servers.answers_http(f"{simulator}/_simulator/health"), "The simulator")
        settings = {**servers.settings(ports[0], simulator), "TENANTKEEP_DATABASE_URL": f"{database}/postgres"}
        image = Image(tree, final, folder / "secrets", in_files(folder / "secrets", settings, ports[2]))
        follow(image, f"http://127.0.0.1:{ports[2]}", simulator)


def in_files(folder: Path, settings: dict[str, str], port: int) -> dict[str, str]:
    """Put what is secret into files that the image's user alone may read; return the variables."""
    given = {"TENANTKEEP_BIND": f"127.0.0.1:{port}"}
    for name, value in settings.items():
        if name.endswith(("_KEY", "_KEYS", "DATABASE_URL", "REDIS_URL")):
            (folder / name).write_text(f"{value}\n")
            (folder / name).chmod(0o400)
            shutil.chown(folder / name, 10001, 10001)
            given[f"{name}_FILE"] = f"/run/secrets/{name}"
        elif name != "TENANTKEEP_LOG_FORMAT":
            given[name] = value
    return given


SHUT_IN = """
test "$(id -u):$(id -g)" = 10001:10001
grep -q 'CapEff:.0*$' /proc/self/status
for folder in /opt /opt/tenantkeep /etc /run/secrets; do if touch $folder/x 2>/dev/null; then exit 9; fi; done
touch /tmp/x
"""


def follow(image: Image, address: str, simulator: str) -> None:
    """From an empty database to a tenant that was synced, every process stopped in order."""
    image.run("-c", SHUT_IN, entrypoint=["/bin/sh", "-e"])
    say(image.run("--version").strip())
    with image.running("worker") as early:
        servers.wait_for(lambda: "Waiting for it" in early.log.read_text(), "a worker that waits", 60, early.process)
        assert early.stop() < 5, "the first process of a container is told nothing that it does not ask for"
    assert "Applied: 0001" in image.run("migrate")
    assert image.run("migrate").strip().endswith("Nothing to do.")
    ada = ("ada@example.com", "--name", "Ada", "--role", "admin", "--password-stdin")
    image.run("user", "add", *ada, said="a long password\n")
    tenant = requests.get(f"{simulator}/_simulator/tenants", timeout=10).json()[0]
    ids = ("--directory-id", tenant["directory_id"], "--client-id", tenant["client_id"], "--client-secret-stdin")
    image.run("tenant", "add", "Contoso", *ids, said=f"{tenant['client_secret']}\n")
    with image.running("web") as web, image.running("worker") as worker, image.running("scheduler") as scheduler:
        roles = {"web": web, "worker": worker, "scheduler": scheduler}
        servers.wait_for(lambda: servers.answers_http(f"{address}/readyz"), "web", 60, web.process)
        assert requests.get(f"{address}/sign-in", timeout=10).ok
        for role, container in roles.items():
            servers.wait_for(lambda: is_well(container, role), role, 60, container.process)  # noqa: B023
            assert is_well(container)
        assert not is_well(web, "worker")
        image.run("sync", "Contoso", "--wait")
        say("each process is well, and a tenant was synced")
        for role, container in roles.items():
            say(f"{role} has in /tmp: {container.inside('find', '/tmp', '-type', 'f').stdout.split()}")  # noqa: S108
            seconds = container.stop()
            say(f"{role} ended {seconds:.1f} s after SIGTERM, with {container.process.returncode}")
            assert container.process.returncode == 0, container.log.read_text()[-2000:]


def is_well(container: Container, *role: str) -> bool:
    return container.inside("tenantkeep", "health", *role).returncode == 0


if __name__ == "__main__":
    main()
