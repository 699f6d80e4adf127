"""Plain JSON, one file for each policy as Microsoft Graph answers it, in folders that are its collections' paths."""

from collections import Counter

from graph.leaving.export import LeavingFile, LeavingPolicy, LeavingSource, json_bytes, readme
from graph.leaving.file_paths import FilePaths, file_stem
from graph.policy_types.table import POLICY_TYPES

GRAPH = "https://graph.microsoft.com/beta"
LOSSES = [
    "Secrets, the content of apps, and the members of groups.",
    "The names of groups, filters and other objects: they stand by id.",
    "When and how completely each policy was captured.",
]


class GraphJsonWriter:
    def __init__(self, source: LeavingSource) -> None:
        self._source = source
        self._paths = FilePaths("_")
        self.left_out: Counter[str] = Counter()

    def files(self, policy: LeavingPolicy) -> list[LeavingFile]:
        collection = POLICY_TYPES[policy.policy_type].path.strip("/").replace("{directory}", self._source.directory_id)
        document = {"@odata.context": f"{GRAPH}/$metadata#{collection}/$entity", **policy.body}
        if policy.content.get("assignments") is not None:
            document["assignments"] = policy.assignments
        path = self._paths.claim(collection, file_stem(policy.name, "_"), ".json", policy.graph_id)
        return [LeavingFile(path, json_bytes(document, 2))]

    def closing_files(self) -> list[LeavingFile]:
        return [readme("Policies as Microsoft Graph answers them", self._source, LOSSES, self.left_out)]
