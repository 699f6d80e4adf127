"""Ways to a repository: a folder on this machine, HTTPS, SSH. Each is a client of dulwich's, with what signs in to it.

Nothing that signs in is in an address, a file or an argument of a program: no program is started at all.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import urllib3
from dulwich.client import GitClient, LocalGitClient, SSHGitClient, Urllib3HttpGitClient
from dulwich.errors import NotGitRepository
from dulwich.repo import Repo

from actors.copies.git.refusals import check_status
from actors.copies.stores import network
from actors.copies.stores.pace import Pace
from actors.copies.stores.store import StoreRefused

CONNECT_SECONDS, ANSWER_SECONDS = 10.0, 300.0
# Whatever name the token's owner has: GitHub, GitLab, Gitea and Azure DevOps look at the token.
ANY_USER = "tenantkeep"


def client_for(address: str, branch: str, credentials: Mapping[str, str], pace: Pace) -> tuple[GitClient, str]:
    """Return (client, path for it) of an address git+file, git+https or git+ssh. Raises StoreError.

    What is sent to a server is paced; a folder of this machine is not.
    """
    parts = urlsplit(address)
    scheme = parts.scheme.removeprefix("git+")
    if scheme == "file":
        folder = Path(unquote(parts.path))
        _check_folder(folder, branch)
        return LocalGitClient(), str(folder)
    if scheme == "ssh":
        return _ssh(address, credentials, pace), unquote(parts.path)
    url = urlunsplit((scheme, parts.netloc, parts.path, "", ""))
    user = credentials.get("username", ANY_USER) if "token" in credentials else None
    # It takes whatever has `headers`, `request` and `clear`.
    pool: Any = _OneHost(url, pace)
    token = credentials.get("token")
    return Urllib3HttpGitClient(url, pool_manager=pool, username=user, password=token, thin_packs=False), ""


def _check_folder(folder: Path, branch: str) -> None:
    """Make a bare repository of an empty folder; refuse whatever else is none."""
    if not folder.is_dir():
        raise StoreRefused(f"There is no folder {folder} on this machine. Make it, or mount what is in it.")
    if not any(folder.iterdir()):
        Repo.init_bare(folder, default_branch=branch.encode()).close()
    try:
        with Repo(str(folder)) as repo:
            is_bare = repo.bare
    except NotGitRepository:
        raise StoreRefused("The folder holds something, and is no Git repository. Give an empty one.") from None
    if not is_bare:
        raise StoreRefused("Somebody works in this repository. Give a bare one (git init --bare), or an empty folder.")


class _OneHost:
    """The connections to one server, in place of urllib3's pool: no other server is spoken to, whoever points there."""

    def __init__(self, url: str, pace: Pace) -> None:
        self._pace = pace
        way = network.way_to(url)
        proxy = way.proxies.get(urlsplit(url).scheme)
        tls: dict[str, Any] = {"cert_reqs": "CERT_REQUIRED", "ca_certs": way.ca_file}
        self._pool = urllib3.ProxyManager(proxy, **tls) if proxy else urllib3.PoolManager(**tls)
        self._origin = urlsplit(url)[:2]
        # An answer that was not read to its end holds its connection, which no pool closes then.
        self._answers: list[Any] = []
        # Servers tell by it that a program of Git's speaks, and answer 401 instead of a page.
        self.headers = {"User-Agent": "git/tenantkeep"}

    def request(self, method: str, url: str, **more: Any) -> Any:
        if urlsplit(url)[:2] != self._origin:
            raise StoreRefused("The server leads to another one. Give that one's address.")
        timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=ANSWER_SECONDS)
        if body := more.get("body"):
            parts = [body] if isinstance(body, bytes) else body
            # What has a length keeps it: it stands in the headers.
            more["body"] = (piece for part in parts for piece in self._pace.pieces(part))
        answer = self._pool.request(method, url, redirect=False, retries=False, timeout=timeout, **more)
        self._answers.append(answer)
        check_status(answer.status, answer.headers.get("Location", ""))
        return answer

    def clear(self) -> None:
        for answer in self._answers:
            answer.close()
        self._pool.clear()


def _ssh(address: str, credentials: Mapping[str, str], pace: Pace) -> GitClient:
    from actors.copies.git.ssh_channel import OwnSsh  # paramiko: only where it is needed

    parts = urlsplit(address)
    vendor = OwnSsh(address, credentials, pace)
    return SSHGitClient(str(parts.hostname), parts.port, parts.username, vendor=vendor, thin_packs=False)
