"""A Conditional Access policy in sentences: who it applies to, what they use, when, and what happens then.

Nothing that is set goes untold: what has no words of its own is told by its place and its value. What the properties
mean is from Microsoft's reference: learn.microsoft.com/graph/api/resources/conditionalaccesspolicy.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import reduce
from typing import Any

from graph.display import access_words as words
from graph.display.clauses import Clause, Translate, joined
from graph.display.labels import NamesById

# Of the policy as an object: its head and its facts show them. The rest of a strength is the strength's own.
NOT_SETTINGS = frozenset({"id", "displayName", "description", "createdDateTime", "modifiedDateTime", "templateId"})
_FILTERS = ("include", "exclude")


@dataclass(frozen=True)
class AccessStory:
    """A policy in sentences. `also`: what is set beside that, by its place."""

    state: Clause
    who: tuple[Clause, ...]
    what: tuple[Clause, ...]
    when: tuple[Clause, ...]
    then: tuple[Clause, ...]
    also: tuple[Clause, ...]

    @property
    def sentences(self) -> tuple[Clause, ...]:
        told = (("It applies to {}.", self.who), ("It covers {}.", self.what), ("It counts {}.", self.when),
                ("Then {}.", self.then), ("Also set: {}.", self.also))  # fmt: skip
        return (self.state, *(Clause(template, (parts,)) for template, parts in told if parts))

    @property
    def paragraph(self) -> str:
        return self.words()

    def words(self, translate: Translate = str) -> str:
        """Return the whole story as one paragraph."""
        return " ".join(sentence.words(translate) for sentence in self.sentences)

    def parts(self, translate: Translate = str) -> list[tuple[str, str]]:
        """Return (heading, text) of who, what, when and then, without those of which nothing is said."""
        told = (("who", self.who), ("what", self.what), ("when", self.when), ("then", self.then), ("also", self.also))
        return [(heading, joined(parts, translate)) for heading, parts in told if parts]


def describe_access(body: Mapping[str, Any], names: NamesById) -> AccessStory:
    """Tell a Conditional Access policy. `names`: of the groups, people, apps, places and the rest that it refers to."""
    return _Teller(body, names).story()


class _Teller:
    """Takes from the body what it has told, so that what is left over can be told too."""

    def __init__(self, body: Mapping[str, Any], names: NamesById) -> None:
        self._left: dict[str, Any] = {
            name: deepcopy(value)
            for name, value in body.items()
            if name not in NOT_SETTINGS and not _is_annotation(name)
        }
        self._names = names

    def story(self) -> AccessStory:
        state = str(self._take("state") or "")
        told = {"who": self._who(), "what": self._what(), "when": self._when(), "then": self._then()}
        also = tuple(Clause("{}", (f"{place} = {value}",)) for place, value in _set_places(self._left))
        unknown = Clause("Its state is {}.", (state,)) if state else Clause("It does not say whether it is on.")
        return AccessStory(words.STATES.get(state, unknown), also=also, **told)

    def _take(self, *path: str) -> Any:
        """Return what is at the place, and take it from what is left. None where nothing is set."""
        holder: Any = self._left
        for name in path[:-1]:
            holder = holder.get(name) if isinstance(holder, dict) else None
        if not isinstance(holder, dict):
            return None
        value = holder.pop(path[-1], None)
        return None if value in (None, "", [], {}) else value

    def _named(self, value: Any) -> str:
        return str(self._names.get(str(value)) or value)

    # --- lists ---------------------------------------------------------------------------------------------------

    def _list(self, path: Sequence[str], kind: words.Kind) -> Iterator[Clause]:
        """Yield clauses for a list of ids: those that stand for everybody in words, the others by name."""
        values = [str(value) for value in _as_list(self._take(*path))]
        yield from (kind.special[value] for value in values if value in kind.special)
        if named := tuple(self._named(value) for value in values if value not in kind.special):
            yield Clause(kind.template if len(named) == 1 else kind.templates, (named,))

    def _included_and_excluded(
        self, holder: Sequence[str], kinds: Mapping[str, words.Kind], more: Callable[[str], Iterator[Clause]]
    ) -> tuple[Clause, ...]:
        """Return clauses for what is included, and one for all that is excluded. `more`: what is beside the lists."""
        sides = [
            [*(clause for name, kind in kinds.items() for clause in self._list((*holder, f"{side}{name}"), kind)),
             *more(side)]
            for side in _FILTERS
        ]  # fmt: skip
        included, excluded = sides
        return (*included, *([Clause("except {}", (tuple(excluded),))] if excluded else []))

    def _filter(self, path: Sequence[str], side: str, template: str) -> Iterator[Clause]:
        """Yield a filter that is a rule, on the side that its mode names."""
        if self._peek(*path, "mode") == side and (rule := self._take(*path, "rule")):
            self._take(*path, "mode")
            yield Clause(template, (f"“{rule}”",))

    def _peek(self, *path: str) -> Any:
        value: Any = self._left
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        return value

    # --- who -----------------------------------------------------------------------------------------------------

    def _who(self) -> tuple[Clause, ...]:
        found: list[Clause] = []
        for holder, kinds, more in (
            ("users", words.USERS, self._guests),
            ("clientApplications", words.SERVICE_PRINCIPALS, self._principal_filters),
            ("agents", words.AGENTS, self._agent_filter),
            ("agentContext", words.AGENT_CONTEXTS, _nothing),
        ):
            found += self._included_and_excluded(("conditions", holder), kinds, more)
        return tuple(found)

    def _guests(self, side: str) -> Iterator[Clause]:
        place = ("conditions", "users", f"{side}GuestsOrExternalUsers")
        kinds = _listed(_flags(self._take(*place, "guestOrExternalUserTypes")), words.GUESTS)
        tenants = (*place, "externalTenants")
        kind, members = self._peek(*tenants, "membershipKind"), self._peek(*tenants, "members")
        if kind == "all" and not members:
            self._take(*tenants, "membershipKind")
            yield Clause("{} of all other tenants", (kinds or (words.ANY_GUESTS,),))
        elif kind == "enumerated" and members:
            self._take(*place, "externalTenants")
            named = tuple(map(self._named, _as_list(members)))
            yield Clause("{} of the tenants {}", (kinds or (words.ANY_GUESTS,), named))
        elif kinds:
            yield Clause("{}", (kinds,))

    def _principal_filters(self, side: str) -> Iterator[Clause]:
        place = ("conditions", "clientApplications")
        yield from self._filter((*place, "servicePrincipalFilter"), side, "service principals that match {}")
        yield from self._filter((*place, "agentIdServicePrincipalFilter"), side, "agent identities that match {}")

    def _agent_filter(self, side: str) -> Iterator[Clause]:
        yield from self._filter(("conditions", "agents", "agentFilter"), side, "agents that match {}")

    # --- what ----------------------------------------------------------------------------------------------------

    def _what(self) -> tuple[Clause, ...]:
        return self._included_and_excluded(("conditions", "applications"), words.APPS, self._app_filter)

    def _app_filter(self, side: str) -> Iterator[Clause]:
        yield from self._filter(("conditions", "applications", "applicationFilter"), side, "apps that match {}")

    # --- when ----------------------------------------------------------------------------------------------------

    def _when(self) -> tuple[Clause, ...]:
        found = [
            *self._included_and_excluded(("conditions", "platforms"), words.PLATFORMS, _nothing),
            *self._included_and_excluded(("conditions", "locations"), words.LOCATIONS, _nothing),
            *self._clients(),
            *self._included_and_excluded(("conditions", "devices"), words.DEVICES, self._device_filter),
            *self._included_and_excluded(("conditions", "deviceStates"), words.DEVICE_STATES, _nothing),
        ]
        for name, template in words.RISKS.items():
            if levels := _flags(self._take("conditions", name)):
                found.append(Clause(template, (_listed(levels, {}),)))
        if methods := _flags(self._take("conditions", "authenticationFlows", "transferMethods")):
            found.append(Clause("by {}", (_listed(methods, words.TRANSFERS),)))
        return tuple(found)

    def _clients(self) -> Iterator[Clause]:
        clients = _flags(self._take("conditions", "clientAppTypes"))
        if clients and clients != ["all"]:
            yield Clause("in {}", (_listed(clients, words.CLIENTS),))

    def _device_filter(self, side: str) -> Iterator[Clause]:
        yield from self._filter(("conditions", "devices", "deviceFilter"), side, "on devices that match {}")

    # --- then ----------------------------------------------------------------------------------------------------

    def _then(self) -> tuple[Clause, ...]:
        """Return one clause for all: semicolons keep apart what access needs and what the session is like."""
        told = [*self._grants(), *self._sessions()]
        return (reduce(lambda before, clause: Clause("{}; {}", (before, clause)), told),) if told else ()

    def _grants(self) -> Iterator[Clause]:
        controls = _flags(self._take("grantControls", "builtInControls"))
        if "block" in controls:
            controls.remove("block")
            yield words.BLOCKED
        needs: list[Clause | str] = list(_listed(controls, words.GRANTS))
        needs += self._strength()
        needs += self._list(("grantControls", "termsOfUse"), words.TERMS)
        needs += self._list(("grantControls", "customAuthenticationFactors"), words.CUSTOM_CONTROLS)
        operator = str(self._peek("grantControls", "operator"))
        if operator in words.OPERATORS:
            self._take("grantControls", "operator")
        if len(needs) == 1:
            yield Clause("access needs {}", (tuple(needs),))
        elif needs:
            yield Clause(words.OPERATORS.get(operator, "access needs these: {}"), (tuple(needs),))

    def _strength(self) -> Iterator[Clause]:
        strength = self._take("grantControls", "authenticationStrength")
        if isinstance(strength, dict):
            called = self._names.get(str(strength.get("id"))) or strength.get("displayName") or strength.get("id")
            yield Clause("the authentication strength {}", (str(called or "–"),))

    def _sessions(self) -> Iterator[Clause]:
        for name, session in words.SESSIONS.items():
            held = self._peek("sessionControls", name)
            if held is True:
                self._take("sessionControls", name)
                yield from session({}, self._named)
            elif isinstance(held, dict) and (held.get("isEnabled") is True or name in words.WITHOUT_SWITCH):
                told = list(session(held, self._named))
                if told:
                    held.pop("isEnabled", None)
                yield from told


def _is_annotation(name: str) -> bool:
    return "@" in name or name.startswith("#")


def _nothing(_side: str) -> Iterator[Clause]:
    return iter(())


def _as_list(value: Any) -> list[Any]:
    """Return a list of the values. A list of one may have become its element on the way (realdata of other tools)."""
    return value if isinstance(value, list) else [] if value is None else [value]


def _flags(value: Any) -> list[str]:
    """Return the members of a list or of one comma-separated text."""
    return [part.strip() for text in _as_list(value) for part in str(text).split(",") if part.strip()]


def _listed(values: Sequence[str], table: Mapping[str, Clause]) -> tuple[Clause | str, ...]:
    return tuple(table.get(value, words.LEVELS.get(value, value)) for value in values)


def _set_places(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Yield (place, value) of each leaf that is set."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if not _is_annotation(name):
                yield from _set_places(inner, f"{place}.{name}" if place else name)
    elif isinstance(value, list):
        if value:
            yield place, ", ".join(map(str, value))
    elif value not in (None, ""):
        yield place, str(value).lower() if isinstance(value, bool) else str(value)
