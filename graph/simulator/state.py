"""The simulated tenants: what they truly hold. What a request may see of it is graph/simulator/service.py's."""

import gzip
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import RLock
from typing import Any

Object = dict[str, Any]


@dataclass
class Tenant:
    """`collections`: path below the version ("deviceManagement/configurationPolicies") -> id -> the whole object.

    Children are embedded under Graph's names (assignments, settings, definitionValues, …); encrypted OMA-URI values are
    kept in the clear and masked when read. `flags` are listed in docs/simulator.md.
    """

    name: str
    directory_id: str
    client_id: str
    client_secret: str = ""
    purpose: str = ""
    certificates: list[str] = field(default_factory=list)
    permissions: set[str] = field(default_factory=set)
    flags: dict[str, Any] = field(default_factory=dict)
    collections: dict[str, dict[str, Object]] = field(default_factory=dict)
    # "collection/id" -> when it came: reads miss it until flags["consistency_delay_s"] have passed.
    arrivals: dict[str, float] = field(default_factory=dict)

    def put(self, collection: str, item: Object) -> Object:
        self.collections.setdefault(collection, {})[str(item["id"])] = item
        return item

    def visible(self, collection: str) -> Iterator[tuple[str, Object]]:
        delay = float(self.flags.get("consistency_delay_s", 0))
        hidden_since = time.time() - delay
        for key, item in list(self.collections.get(collection, {}).items()):
            if not delay or self.arrivals.get(f"{collection}/{key}", 0) <= hidden_since:
                yield key, item


class State:
    """Every tenant, kept in a file when one is given: written aside and renamed, so that a crash leaves the old one."""

    def __init__(self, path: Path | None = None) -> None:
        self.lock = RLock()
        self._path = path
        self.tenants: dict[str, Tenant] = {}
        if path and path.exists():
            self._load(path)

    def add(self, tenant: Tenant) -> None:
        self.tenants[tenant.directory_id] = tenant

    def _load(self, path: Path) -> None:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for raw in json.load(file):
                self.add(Tenant(**{**raw, "permissions": set(raw["permissions"])}))

    def save(self) -> None:
        if self._path is None:
            return
        with self.lock:
            rows = [{**asdict(tenant), "permissions": sorted(tenant.permissions)} for tenant in self.tenants.values()]
        aside = self._path.with_suffix(f".{os.getpid()}.tmp")
        with gzip.open(aside, "wt", encoding="utf-8", compresslevel=1) as file:
            json.dump(rows, file)
        aside.replace(self._path)
