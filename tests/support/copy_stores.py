"""Real stores of copies on this machine: an S3 server with object lock, Azure's own emulator, an SFTP server, a folder.

Each is a process of its own, on loopback, and knows nothing but what a test puts there.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests

from tests.support import servers

AZURITE = servers.ROOT / ".venv" / "azurite" / "node_modules" / ".bin" / "azurite-blob"
NO_AZURITE = "Azure's emulator is not installed: make azurite (it needs npm)"
BUCKET = "copies"
S3_KEYS = {"access_key": "AKIATENANTKEEP", "secret_key": "not-checked-by-moto"}
# Azure's documented account of every emulator: it is public, and opens nothing else.
AZURE_ACCOUNT = "devstoreaccount1"
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@dataclass(frozen=True)
class StorePlace:
    """What a store is added with."""

    kind: str
    address: str
    credentials: dict[str, str] = field(default_factory=dict)
    locks: bool = False


@contextmanager
def s3_server() -> Iterator[str]:
    """Yields the address of an S3 server that keeps locked versions; its state is in its memory."""
    port = servers.free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with servers.running(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        url = f"http://127.0.0.1:{port}"
        servers.wait_for(lambda: _answers(f"{url}/moto-api/"), "the S3 server", process=process)
        yield url


def new_bucket(endpoint: str, name: str = BUCKET, *, with_lock: bool = True) -> StorePlace:
    """Make a bucket, and return the store that is a prefix in it."""
    client = s3_client(endpoint)
    client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=with_lock)
    client.close()
    return StorePlace("s3", f"s3://{name}/tenant/keep?endpoint={endpoint}", S3_KEYS, with_lock)


def s3_client(endpoint: str):
    import boto3

    keys = {"aws_access_key_id": S3_KEYS["access_key"], "aws_secret_access_key": S3_KEYS["secret_key"]}
    return boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", **keys)


@contextmanager
def azure_server(directory: Path) -> Iterator[str]:
    """Yields the address of Azurite's account. Installed by `make azurite`."""
    directory.mkdir(exist_ok=True)
    port = servers.free_port()
    command = [str(AZURITE), "--silent", "--inMemoryPersistence", "--blobHost", "127.0.0.1", "--blobPort", str(port)]
    command += ["--disableTelemetry", "--skipApiVersionCheck"]
    with servers.running(command, cwd=directory, stdout=subprocess.DEVNULL) as process:
        url = f"http://127.0.0.1:{port}"
        servers.wait_for(lambda: _answers(url), "Azurite", process=process)
        yield f"{url}/{AZURE_ACCOUNT}"


def new_container(endpoint: str, name: str = BUCKET) -> StorePlace:
    from azure.storage.blob import BlobServiceClient

    with BlobServiceClient(endpoint, credential=AZURE_KEY) as client:
        client.create_container(name)
    address = f"azure://{AZURE_ACCOUNT}/{name}/tenant/keep?endpoint={endpoint}"
    return StorePlace("azure", address, {"account_key": AZURE_KEY})


@contextmanager
def sftp_server(directory: Path) -> Iterator[StorePlace]:
    """Yields the store that a folder behind an SFTP server is."""
    (directory / "files").mkdir(parents=True)
    command = [sys.executable, "-m", "tests.support.sftp_process", str(directory)]
    with servers.running(command, cwd=servers.ROOT, stdout=subprocess.PIPE, text=True) as process:
        told = json.loads(process.stdout.readline())
        address = f"sftp://keeper@127.0.0.1:{told['port']}/deep/down?host_key={told['host_key'].replace('+', '%2B')}"
        yield StorePlace("sftp", address, {"password": told["password"]})
        process.stdout.close()


def folder(directory: Path) -> StorePlace:
    directory.mkdir(parents=True, exist_ok=True)
    return StorePlace("file", f"file://{directory}")


def has_azurite() -> bool:
    return AZURITE.exists() and shutil.which("node") is not None


def _answers(url: str) -> bool:
    try:
        requests.get(url, timeout=5)
    except requests.RequestException:
        return False
    return True
