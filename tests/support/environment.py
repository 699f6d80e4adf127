"""Settings of the tests, put into the environment when this is imported: before anything of the product is.

Actors bind to the broker at import. Each process of a test run has ports of its own.
"""

import os

from tests.support import servers

REDIS_PORT = servers.free_port()
SIMULATOR_PORT = servers.free_port()
SIMULATOR_URL = f"http://127.0.0.1:{SIMULATOR_PORT}"
PASSWORD = "correct horse battery"

for _name in [name for name in os.environ if name.startswith("TENANTKEEP_")]:
    del os.environ[_name]
os.environ.update(servers.settings(REDIS_PORT, SIMULATOR_URL))
