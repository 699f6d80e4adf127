"""Benchmarks print figures; they are never part of the test run.

The settings of each are put into the environment here, before anything of ours is imported: actors bind to the
broker at import.
"""

import base64
import os
import secrets

from tests.support import servers

REDIS_PORT, SIMULATOR_PORT, WEB_PORT = servers.free_port(), servers.free_port(), servers.free_port()
SIMULATOR = f"http://127.0.0.1:{SIMULATOR_PORT}"
WEB = f"http://127.0.0.1:{WEB_PORT}"

os.environ.update(
    TENANTKEEP_REDIS_URL=f"redis://127.0.0.1:{REDIS_PORT}/0",
    TENANTKEEP_SECRET_KEY=secrets.token_hex(16),
    TENANTKEEP_ENCRYPTION_KEYS=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    TENANTKEEP_GRAPH_URL=SIMULATOR,
    TENANTKEEP_LOGIN_URL=SIMULATOR,
    TENANTKEEP_LOG_FORMAT="text",
    PORT=str(WEB_PORT),
)
