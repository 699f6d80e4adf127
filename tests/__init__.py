"""The tests of Tenantkeep."""

import os
import sys

# Where Python may not keep what it compiled, each of the hundreds of processes that the tests start would compile the
# product again: a third of what its start costs.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
