"""A demo tenant under Microsoft's addresses, and the programs of the peers' own environment."""

import subprocess
from pathlib import Path

import pytest

from graph.simulator.demo import demo_tenants
from tests.peers.hosts import microsoft
from tests.support.servers import ROOT

BIN = ROOT / ".venv" / "peers" / "bin"


class Peer:
    """One tenant as Microsoft has it, and a way to run a program that signs in to it."""

    def __init__(self, tenant, environment, place):
        self.tenant, self.place = tenant, place
        secrets = {"TENANT_NAME": tenant.directory_id, "CLIENT_ID": tenant.client_id,
                   "CLIENT_SECRET": tenant.client_secret}  # fmt: skip
        self._environment = environment | secrets

    def run(self, program, *arguments):
        """What it wrote. It has to end well."""
        command = [str(BIN / program), *map(str, arguments)]
        ended = subprocess.run(
            command, env=self._environment, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False
        )
        output = ended.stdout + ended.stderr
        assert ended.returncode == 0, output[-4000:]
        return output


@pytest.fixture
def peer(tmp_path):
    if not BIN.exists():
        pytest.fail("make peers installs them")
    tenant = demo_tenants()[0]
    with microsoft([tenant], tmp_path) as served:
        place = tmp_path / "backup"
        place.mkdir()
        yield Peer(tenant, served.environment, Path(place))
