"""Whoever acts for Tenantkeep itself, by the work: audit events keep these names, and pages say that it was Tenantkeep.

Who asked for the work is in the audit event of asking.
"""

from db.audit.audit import SYSTEM, Actor

WATCH = Actor("watch", origin="watch")
SCHEDULE = Actor("schedule", origin="schedule")
ASSESSOR = Actor("readiness", origin="schedule")
CATALOGUE = Actor("catalogue", origin="catalogue")
DAILY = Actor("retention", origin="retention")
COMPARER = Actor("standards", origin="schedule")
REHEARSAL = Actor("rehearsal", origin="rehearsal")
ROLL_OUT = Actor("roll-out", origin="rollout")
COPIES = Actor("copies", origin="copies")

_ALL = (SYSTEM, WATCH, SCHEDULE, ASSESSOR, CATALOGUE, DAILY, COMPARER, REHEARSAL, ROLL_OUT, COPIES)
NAMES = frozenset(actor.name for actor in _ALL)
