"""Settings of the tests, put into the environment when this is imported: before anything of the product is.

Actors bind to the broker at import. Each process of a test run has ports of its own.
"""

import base64
import os
import secrets

from tests.support import servers

REDIS_PORT = servers.free_port()
SIMULATOR_PORT = servers.free_port()
SIMULATOR_URL = f"http://127.0.0.1:{SIMULATOR_PORT}"
PASSWORD = "correct horse battery"

for _name in [name for name in os.environ if name.startswith("TENANTKEEP_")]:
    del os.environ[_name]
os.environ.update(
    TENANTKEEP_REDIS_URL=f"redis://127.0.0.1:{REDIS_PORT}/0",
    TENANTKEEP_SECRET_KEY=secrets.token_hex(16),
    TENANTKEEP_ENCRYPTION_KEYS=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    TENANTKEEP_GRAPH_URL=SIMULATOR_URL,
    TENANTKEEP_LOGIN_URL=SIMULATOR_URL,
    TENANTKEEP_LOG_FORMAT="text",
)
