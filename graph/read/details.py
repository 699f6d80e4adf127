"""What one GET does not give of a policy: further pages, presentations, secrets, images. See also
graph/read/children.py."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

from graph.content.secrets import settle
from graph.errors import Forbidden, Malformed, NotFound, Rejected
from graph.policy_types.policy_type import PolicyType
from graph.transport import paths
from graph.transport.client import Answer, Ask
from graph.transport.pages import elements_of, items_of, next_link, note_page

Steps = Generator[Sequence[Ask], list[Answer], Any]
PREFIX = "#microsoft.graph."


@dataclass
class Proof:
    """Gathered while reading; stored with the snapshot."""

    settings_stored: int | None = None
    settings_declared: int | None = None
    pages: int = 0
    assignments: str = "not_applicable"
    assignment_count: int = 0
    revealed: int = 0
    withheld: list[dict[str, str]] = field(default_factory=list)
    names: str = "read"

    def withhold(self, where: str, why: str) -> None:
        self.withheld.append({"where": where, "why": why})

    def as_json(self) -> dict[str, Any]:
        settings = None
        if self.settings_stored is not None:
            settings = {"stored": self.settings_stored, "declared": self.settings_declared}
        return {
            "settings": settings,
            "pages": self.pages,
            "assignments": self.assignments,
            "assignment_count": self.assignment_count,
            "secrets": {"revealed": self.revealed, "withheld": self.withheld},
            "names": self.names,
        }


def body_of(answer: Answer) -> dict[str, Any]:
    """Raises the answer's error."""
    if answer.error is not None:
        raise answer.error
    if answer.body is None:
        raise Malformed("malformed", "Microsoft Graph's answer is empty.")
    return answer.body


def all_pages(path: str) -> Steps:
    [answer] = yield [path]
    return (yield from pages_of(body_of(answer), Proof()))


def all_elements(path: str) -> Steps:
    """As `all_pages`, with whatever a page holds that is no object."""
    [answer] = yield [path]
    return (yield from pages_of(body_of(answer), Proof(), elements_of))


def pages_of(page: dict[str, Any], proof: Proof, items_of: Callable[..., list[Any]] = items_of) -> Steps:
    """The items of this page and of all that follow. A link that comes twice would never end."""
    items, seen = list(items_of(page)), set[str]()
    proof.pages += 1
    link = next_link(page)
    while link:
        note_page(seen, link)
        [answer] = yield [link]
        page = body_of(answer)
        items += items_of(page)
        proof.pages += 1
        link = next_link(page)
    return items


def follow_inline_pages(body: dict[str, Any], proof: Proof) -> Steps:
    """An expanded list may be cut, with `settings@odata.nextLink` to the rest."""
    proof.pages += 1
    for key in [key for key in body if key.endswith("@odata.nextLink") and key != "@odata.nextLink"]:
        name, link = key.split("@")[0], next_link(body, key)
        if link:
            [answer] = yield [link]
            body[name] = [*body.get(name, []), *(yield from pages_of(body_of(answer), proof))]


def presentations(item: str, body: dict[str, Any], proof: Proof) -> Steps:
    """An administrative template's values: one list below each of its definitions."""
    values = [dict(value) for value in body["definitionValues"]]
    body["definitionValues"] = values
    if not values:
        return
    answers = yield [
        paths.below(item, "definitionValues", value["id"], "presentationValues") + "?$expand=presentation"
        for value in values
    ]
    for value, answer in zip(values, answers, strict=True):
        value["presentationValues"] = yield from pages_of(body_of(answer), proof)


def oma_secrets(item: str, body: dict[str, Any], proof: Proof) -> Steps:
    """Encrypted OMA-URI values read as "****"; a function gives the plain text to those who may have it."""
    settings = [dict(one) for one in body.get("omaSettings") or ()]
    secret = [one for one in settings if one.get("isEncrypted") and one.get("secretReferenceValueId")]
    if not secret:
        return
    body["omaSettings"] = settings
    answers = yield [
        f"{item}/getOmaSettingPlainTextValue(secretReferenceValueId='{paths.literal(one['secretReferenceValueId'])}')"
        for one in secret
    ]
    for one, answer in zip(secret, answers, strict=True):
        if isinstance(answer.error, Rejected):
            proof.withhold(f"omaSettings[{one.get('omaUri')}]", "The app may not read this encrypted value.")
            continue
        one["value"] = body_of(answer).get("value")
        proof.revealed += 1


def privacy_controls(item: str, body: dict[str, Any], proof: Proof) -> Steps:
    if body.get("@odata.type") != f"{PREFIX}windows10GeneralConfiguration":
        return
    cast = "microsoft.graph.windows10GeneralConfiguration/privacyAccessControls"
    [answer] = yield [f"{item}?$expand={cast}"]
    controls = body_of(answer).get("privacyAccessControls")
    if isinstance(controls, list):
        body["privacyAccessControls"] = controls


_IMAGES = ("themeColorLogo", "lightBackgroundLogo", "landingPageCustomizedImage")


def images(item: str, body: dict[str, Any], proof: Proof) -> Steps:
    answers = yield [f"{item}/{name}" for name in _IMAGES]
    for name, answer in zip(_IMAGES, answers, strict=True):
        if isinstance(answer.error, Rejected) and not isinstance(answer.error, NotFound | Forbidden):
            proof.withhold(name, f"Microsoft Graph did not show it: {answer.error.sentence}")
        else:
            body[name] = None if isinstance(answer.error, NotFound) else body_of(answer)


_KEPT_BACK = "Microsoft Graph never gives this secret back. Enter it again after a restore."


def note_withheld(policy_type: PolicyType, body: dict[str, Any], proof: Proof) -> None:
    """Secrets that Graph keeps: the proof names them, so that nobody believes the backup holds them."""
    for where in dict.fromkeys(one.where for one in settle(policy_type, body).not_held):
        proof.withhold(where, _KEPT_BACK)
