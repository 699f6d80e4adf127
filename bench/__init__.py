"""Benchmarks print figures; they are never part of the test run.

The settings of each are put into the environment here, before anything of ours is imported: actors bind to the
broker at import.
"""

import os

from tests.support import servers

REDIS_PORT, SIMULATOR_PORT, WEB_PORT = servers.free_port(), servers.free_port(), servers.free_port()
SIMULATOR = f"http://127.0.0.1:{SIMULATOR_PORT}"
WEB = f"http://127.0.0.1:{WEB_PORT}"

os.environ.update(servers.settings(REDIS_PORT, SIMULATOR), PORT=str(WEB_PORT))
