"""Look whether anybody could sign in with the accounts and groups that a tenant names for emergencies.

learn.microsoft.com: List group transitive members, Get user. To leave a group out of a Conditional Access policy leaves
out the people in its groups, too. They are not asked for by their type: that reads an index, which may lag behind.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from graph.errors import Forbidden, GraphError, NotFound, is_given_up
from graph.policy_types.permissions import FIND_PEOPLE, LIST_MEMBERS
from graph.transport import paths
from graph.transport.batch_driver import RequestSteps
from graph.transport.client import Answer
from graph.transport.pages import check_page_is_new, next_link, page_items

# Kind ("users" or "groups"), id and name, as the tenant's rules keep them.
EmergencyEntry = Mapping[str, str]
ACCOUNTS = "users"
# 999 is the largest page (learn.microsoft.com, List group transitive members).
_MEMBERS = "/transitiveMembers?$select=id,accountEnabled&$top=999"
_PERSON = "#microsoft.graph.user"
_GONE = "The tenant has no “{}” any more."
_DISABLED = "The account “{}” is disabled."
_EMPTY = "Nobody is in “{}”."
_ALL_DISABLED = "Every account in “{}” is disabled."
_MAY_NOT_LOOK = "Whether anybody could use “{}” is not known: the app may not read it ({})."
_NOT_TOLD = "Whether anybody could use “{}” is not known. {}"


def find_absences(entries: Sequence[EmergencyEntry], *, is_last_try: bool = False) -> RequestSteps[list[str]]:
    """Return why each entry lets nobody sign in, a sentence for each; none as soon as one lets somebody.

    What Graph refuses to tell counts as nobody. Raises what another try may mend, if no entry lets anybody sign in;
    with the last try, that counts as nobody as well.
    """
    answers: list[Answer] = yield [_path(entry) for entry in entries]
    absences, unanswered = list[str](), None
    for entry, answer in zip(entries, answers, strict=True):
        try:
            absence = yield from _find_absence(entry, answer)
        except GraphError as e:
            absence = _why_unknown(entry, e)
            unanswered = unanswered if is_given_up(e, is_last_try=is_last_try) else e
        if not absence:
            return []
        absences.append(absence)
    if unanswered:
        raise unanswered
    return absences


def _path(entry: EmergencyEntry) -> str:
    if entry["kind"] == ACCOUNTS:
        return f"{_account_path(entry)},accountEnabled"
    return paths.join("/groups", entry["id"]) + _MEMBERS


def _account_path(entry: EmergencyEntry) -> str:
    return paths.join("/users", entry["id"]) + "?$select=id"


def _find_absence(entry: EmergencyEntry, answer: Answer) -> RequestSteps[str]:
    """Return why the entry lets nobody sign in; "" when it lets somebody. Raises the answer's error."""
    if isinstance(answer.error, NotFound):
        return _GONE.format(_name(entry))
    find = _find_account_absence if entry["kind"] == ACCOUNTS else _find_group_absence
    absence = yield from find(entry, answer)
    return absence.format(_name(entry))


def _find_account_absence(entry: EmergencyEntry, answer: Answer) -> RequestSteps[str]:
    """Look at one account. Whether it is disabled is no part of what User.ReadBasic.All lets an app read."""
    if isinstance(answer.error, Forbidden):
        [answer] = yield [_account_path(entry)]
    return _DISABLED if _is_disabled(answer.require_body()) else ""


def _find_group_absence(_entry: EmergencyEntry, answer: Answer) -> RequestSteps[str]:
    """Look for a person in a group, up to the first one who is not known to be disabled."""
    page, seen, absence = answer.require_body(), set[str](), _EMPTY
    while True:
        people = [member for member in page_items(page) if member.get("@odata.type") == _PERSON]
        if not all(map(_is_disabled, people)):
            return ""
        absence = _ALL_DISABLED if people else absence
        link = next_link(page)
        if link is None:
            return absence
        check_page_is_new(seen, link)
        [answer] = yield [link]
        page = answer.require_body()


def _is_disabled(account: Mapping[str, Any]) -> bool:
    """Tell whether an account is known to be disabled: an app that may not read it is told nothing of it."""
    return account.get("accountEnabled") is False


def _why_unknown(entry: EmergencyEntry, error: GraphError) -> str:
    if isinstance(error, Forbidden):
        access = FIND_PEOPLE if entry["kind"] == ACCOUNTS else LIST_MEMBERS
        return _MAY_NOT_LOOK.format(_name(entry), access.ask)
    return _NOT_TOLD.format(_name(entry), error.sentence)


def _name(entry: EmergencyEntry) -> str:
    return entry.get("name") or entry["id"]
