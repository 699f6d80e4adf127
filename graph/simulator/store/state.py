"""The simulated tenants: what they truly hold. What a request may see of it is graph/simulator/reads/get.py's."""

import gzip
import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, fields
from pathlib import Path
from threading import Event, Lock, RLock, Thread
from typing import Any

from graph.simulator.store import publishing_delays
from graph.simulator.store.known_properties import DEFINITIONS, KnownProperties

Object = dict[str, Any]
SAVE_EVERY_S = 2.0


@dataclass
class Tenant:
    """`collections`: path below the version ("deviceManagement/configurationPolicies") -> id -> the whole object.

    Children are embedded under Graph's names (assignments, settings, definitionValues, …); encrypted OMA-URI values are
    kept in the clear and masked when read. `flags` are listed in docs/simulator.md. An object that is there is never
    changed in place: a write puts a new one, so that a read beside it sees one or the other.
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
    # Who can sign in to an app of the directory: [{"oid", "name", "user_name", "groups": [ids], "roles": [values]}].
    people: list[Object] = field(default_factory=list)
    # Where the app registration lets people be sent back to.
    return_addresses: list[str] = field(default_factory=list)
    # Log -> its records, oldest first: {"at", "seen": when it can be read, "record"}.
    audit_logs: dict[str, list[Object]] = field(default_factory=dict)
    # Code -> what Multi Admin Approval was asked to allow.
    approvals: dict[str, Object] = field(default_factory=dict)
    # What the directory's own app trusts beside secret and certificates: [{"issuer", "subject", "audiences", "key"}].
    federated: list[Object] = field(default_factory=list)
    # App registrations that other directories may consent to: graph/simulator/sign_in/registrations.py.
    apps: list[Object] = field(default_factory=list)
    # Client id of another directory's app -> {"roles", "at"}: what was consented to here, and when.
    consents: dict[str, Object] = field(default_factory=dict)
    # Managed identities of the machine: [{"client_id", "principal_id"}].
    identities: list[Object] = field(default_factory=list)

    def put(self, collection: str, item: Object) -> Object:
        self.collections.setdefault(collection, {})[str(item["id"])] = item
        return item

    def held(self, collection: str, object_id: str) -> Object | None:
        return self.collections.get(collection, {}).get(object_id)

    def visible(self, collection: str) -> Iterator[tuple[str, Object]]:
        delay = float(self.flags.get("consistency_delay_s", 0))
        hidden_since = time.time() - delay
        for key, item in list(self.collections.get(collection, {}).items()):
            if not delay or self.arrivals.get(f"{collection}/{key}", 0) <= hidden_since:
                yield key, publishing_delays.as_read(self, collection, item)


class State:
    """Every tenant, kept in a file when one is given: written aside and renamed, so that a crash leaves the old one."""

    def __init__(self, path: Path | None = None) -> None:
        self.lock = RLock()
        self.learned = KnownProperties()
        self.tenants: dict[str, Tenant] = {}
        self._path = path
        self._locks: dict[str, RLock] = {}
        self._saving, self._is_dirty = Lock(), Event()
        if path and path.exists():
            self._load(path)

    def add(self, tenant: Tenant) -> None:
        with self.lock:
            self.tenants[tenant.directory_id] = tenant
            self._locks.setdefault(tenant.directory_id, RLock())
            for items in list(tenant.collections.values()):
                for item in list(items.values()):
                    self.learned.learn(tenant, item)
            self._share_definitions()

    def lock_of(self, tenant: Tenant) -> RLock:
        """Held for every change of the tenant's objects."""
        return self._locks[tenant.directory_id]

    def put(self, tenant: Tenant, collection: str, item: Object) -> None:
        """Put an object as the portal does: the service's catalogues grow by what is put."""
        with self.lock, self.lock_of(tenant):
            tenant.put(collection, item)
            self.learned.learn(tenant, item)
            if item.get("definitionValues"):
                self._share_definitions()

    def _share_definitions(self) -> None:
        """Microsoft's own definitions are the same in all tenants."""
        for tenant in self.tenants.values() if self.learned.built_in else ():
            known = tenant.collections.setdefault(DEFINITIONS, {})
            for key, definition in self.learned.built_in.items():
                known.setdefault(key, definition)

    def _load(self, path: Path) -> None:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for raw in json.load(file):
                self.add(Tenant(**{**raw, "permissions": set(raw["permissions"])}))

    def changed(self) -> None:
        self._is_dirty.set()

    def keep_saving(self) -> None:
        """Save in a thread of its own: writing the whole file takes longer than the service takes to answer."""
        if self._path is not None:
            Thread(target=self._save_changes, daemon=True).start()

    def _save_changes(self) -> None:
        while True:
            self._is_dirty.wait()
            self._is_dirty.clear()
            self.save()
            time.sleep(SAVE_EVERY_S)

    def save(self) -> None:
        if self._path is not None:
            with self._saving:
                self._write(self._path)

    def save_and_freeze(self) -> None:
        """Save, and carry out no write from now on: a kill then takes nothing back that anybody was told of."""
        if self._path is not None:
            frozen = Event()
            Thread(target=self._hold_all, args=(self._path, frozen), daemon=True).start()
            frozen.wait()

    def _hold_all(self, path: Path, frozen: Event) -> None:
        """Hold all locks in a thread that never ends: another one may get the number of one that did, and with it
        its locks.
        """
        with self._saving, ExitStack() as held:
            for lock in self._locks.values():
                held.enter_context(lock)
            self._write(path)
            frozen.set()
            Event().wait()

    def _write(self, path: Path) -> None:
        aside = path.with_suffix(f".{os.getpid()}.tmp")
        with gzip.open(aside, "wt", encoding="utf-8", compresslevel=1) as file:
            file.write("[" + ",\n".join(self._row(tenant) for tenant in list(self.tenants.values())) + "]")
        aside.replace(path)

    def _row(self, tenant: Tenant) -> str:
        with self.lock_of(tenant):
            return json.dumps({field.name: getattr(tenant, field.name) for field in fields(tenant)}, default=sorted)
