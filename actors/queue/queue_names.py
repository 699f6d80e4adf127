"""The queues, by what waits in them."""

# Someone waits for an interactive run; a bulk run may take its time. What has begun of bulk runs, their parts and what
# goes on after a wait, comes before those that have not: one tenant's backup ends before the next ones begin.
INTERACTIVE = "interactive"
UNDER_WAY = "under-way"
BULK = "bulk"
# A worker takes from what it has fetched of all queues by these, the least first; between queues that wait in Redis
# they do nothing: docs/decisions/0003-queues-instead-of-priorities.md.
PRIORITY = {INTERACTIVE: 0, UNDER_WAY: 1, BULK: 2}
# Queue a worker may be told to serve -> the queues it then listens to.
SERVED = {INTERACTIVE: (INTERACTIVE,), BULK: (UNDER_WAY, BULK)}
