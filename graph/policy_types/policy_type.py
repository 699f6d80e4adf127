"""A row of the table of policy types, and everything that is worked out from a row alone."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graph.microsoft.model import bare_type
from graph.policy_types.permissions import Access
from graph.transport import paths, rate_limits

Body = Mapping[str, Any]

# Our id for the only object of a policy type in a tenant, which has no id in Graph.
SINGLE_ID = "tenant-wide"

# The ways to read a policy's assignments: with the object, by their own route, or not at all.
EXPANDED = "expanded"
ROUTE = "route"
NONE = "none"


@dataclass(frozen=True)
class Child:
    """A list below a policy that only a route of its own gives whole. We keep it in the body as `name`."""

    name: str
    query: str = ""
    # Tells from the body whether a policy has it: no request is made for the others.
    when: Callable[[Body], bool] = lambda body: True


@dataclass(frozen=True)
class PolicyType:
    key: str
    title: str
    path: str
    access: Access
    assignments: str = NONE
    name_property: str = "displayName"
    expand: tuple[str, ...] = ()
    select: str = ""
    list_query: str = ""
    children: tuple[Child, ...] = ()
    # Titles and volatile properties of its subtypes, by bare @odata.type.
    titles: Mapping[str, str] = field(default_factory=dict)
    volatile: frozenset[str] = frozenset()
    # Its list shows whether a policy changed: a modification time that follows every change of the body, and the
    # assignments. Only then may a backup leave an unchanged policy unread.
    trusts_list: bool = False
    is_built_in: Callable[[Body], bool] = lambda body: False
    is_hidden: Callable[[Body], bool] = lambda body: False
    # The policy type whose policies read its hidden ones, as children of their own (graph/read/children.py).
    hidden_in: str = ""
    # Besides name and @odata.type: properties that tell two policies of one name apart. Dotted names go inside.
    match_on: tuple[str, ...] = ()
    # Its built-ins are the tenant's own defaults, one for each @odata.type: they can be changed, not made.
    has_defaults: bool = False
    # Properties that change when other policies do: no sign that somebody changed this one.
    shifting: frozenset[str] = frozenset()
    # Its subtypes are told apart by @odata.type, which minimal metadata gives only where there are several.
    is_polymorphic: bool = False
    # Microsoft retired it: where its list says nothing at all, with a 200, there are none (rknightion/graph2otel).
    is_retired: bool = False
    # The tenant has one, which has no id and is no member of a list: its path is the object itself.
    is_single: bool = False
    # Its list is never read: only those objects are captured that captured policies refer to.
    is_referred: bool = False
    # For groups: read their members too.
    with_members: bool = False
    # Works out its name, where no property holds one.
    named: Callable[[Body], str] | None = None
    # The parts that Graph never gives back; for the documentation and the proof of completeness.
    never_returned: str = ""

    @property
    def service(self) -> str:
        """The service of Graph whose request budget it uses."""
        return rate_limits.service_of(self.path)

    @property
    def permission(self) -> str:
        """The permission to ask for."""
        return self.access.ask

    @property
    def lists_assignments(self) -> bool:
        return self.trusts_list and self.assignments == EXPANDED

    def read_path(self, graph_id: str) -> str:
        """Return the path that reads one policy whole, as far as one request can."""
        options = [f"$select={self.select}"] if self.select else []
        expand = [*self.expand, *(["assignments"] if self.assignments == EXPANDED else [])]
        options += [f"$expand={','.join(expand)}"] if expand else []
        return self.item_path(graph_id) + ("?" + "&".join(options) if options else "")

    def item_path(self, graph_id: str) -> str:
        return self.path if self.is_single else paths.join(self.path, graph_id)

    def list_path(self) -> str:
        options = [self.list_query] if self.list_query else []
        options += ["$expand=assignments"] if self.lists_assignments else []
        return self.path + ("?" + "&".join(options) if options else "")


def policy_name(policy_type: PolicyType, body: Body) -> str:
    name = policy_type.named(body) if policy_type.named else None
    name = name or body.get(policy_type.name_property) or body.get("displayName") or body.get("name") or "(no name)"
    return storable(str(name))[:MAX_NAME_LENGTH]


# The database keeps so many characters of a name.
MAX_NAME_LENGTH = 1000
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """Replace NUL and half characters, which no database stores in a name. The content keeps them as they are."""
    return _UNSTORABLE.sub("\ufffd", text)


def match_key(policy_type: PolicyType, body: Body) -> tuple[str, ...]:
    """Return a key that is equal for the same policy in two tenants, or before and after it was deleted."""
    is_built_in = policy_type.is_built_in(body)
    name = "(default)" if is_built_in and policy_type.has_defaults else policy_name(policy_type, body).strip()
    kind = storable(str(body.get("@odata.type") or "")) if policy_type.is_polymorphic else ""
    return (name, kind, "built in" if is_built_in else "", *(_value_at(body, path) for path in policy_type.match_on))


def _value_at(body: Body, path: str) -> str:
    """Return the value at a dotted path, its flags sorted: "mdm,linuxMdm" is the same as "linuxMdm,mdm"."""
    value: Any = body
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return storable(",".join(sorted(part.strip() for part in str(value or "").split(","))))


def display_type(policy_type: PolicyType, body: Body) -> str:
    """Return the title of the body's subtype (“Update ring”), else that of the policy type."""
    bare = bare_type(body.get("@odata.type"))
    return policy_type.titles.get(bare, policy_type.title)


def is_true(*names: str) -> Callable[[Body], bool]:
    return lambda body: any(body.get(name) is True for name in names)


def has_value(name: str, *values: Any) -> Callable[[Body], bool]:
    return lambda body: body.get(name) in values


def any_of(*tests: Callable[[Body], bool]) -> Callable[[Body], bool]:
    return lambda body: any(test(body) for test in tests)
