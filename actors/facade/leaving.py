"""Policies as files of other tools, for pages and commands, which know nothing of Graph."""

from collections.abc import Iterable, Mapping
from typing import Any

from db.models import Snapshot, Tenant
from graph.leaving import formats
from graph.leaving.export import LeavingFile as LeavingFile
from graph.leaving.export import LeavingFormat as LeavingFormat
from graph.leaving.export import LeavingPolicy, LeavingSource, Writer
from graph.references.reference_kinds import GROUPS

TITLES: Mapping[LeavingFormat, str] = formats.TITLES
# The policy types whose names stand in place of ids in some formats.
NAMED_TYPES = ("roleScopeTags", "assignmentFilters", "notificationMessageTemplates", GROUPS)


class LeavingExport:
    """Turns a tenant's snapshots into files of a format, one after the other.

    `named`: its snapshots of NAMED_TYPES. `group_bodies`: id -> body, of those groups that were captured.
    """

    def __init__(
        self,
        leaving_format: LeavingFormat,
        tenant: Tenant,
        named: Iterable[Snapshot],
        group_bodies: Mapping[str, Mapping[str, Any]],
    ) -> None:
        names = {(row.policy.policy_type, row.policy.graph_id): row.name for row in named}
        source = LeavingSource(tenant.directory_id, tenant.name, names, group_bodies)
        self._writer: Writer = formats.writer(leaving_format, source)

    def files(self, snapshot: Snapshot, document: Mapping[str, Any]) -> list[LeavingFile]:
        """Return the files of a policy. `document`: its content, as its reader may see it."""
        policy = snapshot.policy
        return self._writer.files(
            LeavingPolicy(policy.policy_type, policy.graph_id, snapshot.name, document, snapshot.references)
        )

    def closing_files(self) -> list[LeavingFile]:
        return self._writer.closing_files()
