"""Checks of the parts of a content that become part of an address: a policy with an unsafe one is never written.

graph/transport/paths.py quotes all of them, and the client checks once more what it sends; here the plan says which
part of a policy is unsafe, before anything is sent, so that a person can correct it.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache, partial
from typing import Any

from graph.content.odata import HOLDERS, is_annotation
from graph.content.places import root_type
from graph.microsoft import model
from graph.policy_types import shape
from graph.policy_types.enrollment import MESSAGES
from graph.policy_types.policy_type import PolicyType
from graph.policy_types.write_rule import ONE_BY_ONE
from graph.references import navigations
from graph.references.object_ids import is_object_id
from graph.restore.resolver import Resolution, ResolvedBy
from graph.transport import paths
from graph.write.write_rules import WRITE_RULES

IsSafe = Callable[[str], bool]

_TYPE = re.compile(r"#microsoft\.graph\.\w+(\.\w+)*", re.ASCII)
LONGEST_SHOWN = 60

_LINKED: Mapping[str, Mapping[str, IsSafe]] = {
    key: {
        f"body.{link.name}{'.[]' if link.is_many else ''}.id": paths.is_plain_id
        for link in navigations.all_links(key).values()
    }
    for key in ("deviceConfigurations", "windowsAutopilotDeploymentProfiles")
}
_IN_ADDRESSES: Mapping[str, Mapping[str, IsSafe]] = {
    **_LINKED,
    **{
        key: {"body.id": partial(is_object_id, key)}
        for key in ("authenticationContextClassReferences", "organizationalBranding")
    },
    "intents": {"body.templateId": paths.is_plain_id},
    "groupPolicyConfigurations": {
        "body.definitionValues.[].definition.id": paths.is_plain_id,
        "body.definitionValues.[].presentationValues.[].presentation.id": paths.is_plain_id,
    },
    "mobileApps": {"body.categories.[].id": paths.is_plain_id},
    "roleAssignments": {
        "body.roleDefinition.id": paths.is_plain_id,
        "body.roleScopeTags.[].id": paths.is_plain_id,
    },
    "groups": {"body.members.[].id": paths.is_plain_id},
    # Live elements are changed one by one, by the ids that Graph gave them.
    "notificationMessageTemplates": {"body.localizedNotificationMessages.[].id": paths.is_single_segment},
    "deviceEnrollmentConfigurations": {
        f"body.{MESSAGES}.[].id": paths.is_single_segment,
        f"body.{MESSAGES}.[].localizedNotificationMessages.[].id": paths.is_single_segment,
    },
    "authenticationStrengths": {"body.combinationConfigurations.[].id": paths.is_single_segment},
    "browserSiteLists": {
        "body.sites.[].id": paths.is_single_segment,
        "body.sharedCookies.[].id": paths.is_single_segment,
    },
    "configurationPolicies": {"body.creationSource": paths.is_single_segment},
}
_OF_ASSIGNMENTS: Mapping[str, IsSafe] = {"assignments.[].id": paths.is_single_segment}


def find_problem(
    policy_type: PolicyType, contents: Iterable[Mapping[str, Any]], resolutions: Iterable[Resolution] = ()
) -> str:
    """Return why nothing of the policy is written; "" when all parts of addresses are safe."""
    problems = [
        *(sentence for content in contents for sentence in _problems(policy_type, content)),
        *_mapping_problems(resolutions),
    ]
    return problems[0] if problems else ""


def _mapping_problems(resolutions: Iterable[Resolution]) -> Iterator[str]:
    for resolution in resolutions:
        if resolution.how == ResolvedBy.MAPPING and not paths.is_single_segment(str(resolution.to)):
            yield _sentence(f"The mapping of {resolution.name or resolution.id}", str(resolution.to), "an id")


def _problems(policy_type: PolicyType, content: Mapping[str, Any]) -> Iterator[str]:
    goes_alone = WRITE_RULES[policy_type.key].assign == ONE_BY_ONE
    in_addresses = {**_IN_ADDRESSES.get(policy_type.key, {}), **(_OF_ASSIGNMENTS if goes_alone else {})}
    for path, may_be in in_addresses.items():
        for value in shape.values_at(content, path):
            if not (isinstance(value, str) and may_be(value)):
                yield _sentence(path.removeprefix("body.").replace(".[]", ""), value, "an id")
    yield from _root_problems(policy_type, content["body"])
    yield from _problems_inside(content)


def _root_problems(policy_type: PolicyType, body: Mapping[str, Any]) -> Iterator[str]:
    """Check the root's @odata.type, which is a step in the addresses of its links, against Microsoft's model."""
    odata_type = body.get("@odata.type")
    if odata_type is None or not policy_type.is_polymorphic:
        return
    bare, subtypes = model.bare_type(odata_type), model.subtypes(root_type(policy_type))
    is_cast = any(body.get(name) for name in _links_of(policy_type))
    if bare not in subtypes and (model.is_known(bare) or is_cast):
        yield _sentence("@odata.type", odata_type, f"a type of {policy_type.title}")


def _links_of(policy_type: PolicyType) -> Iterable[str]:
    return navigations.all_links(policy_type.key) if policy_type.key in _LINKED else ()


def _problems_inside(content: Any) -> Iterator[str]:
    """Check at any depth that types are types, and that there is no address: Graph answers none, only we make links."""
    todo = [content]
    while todo:
        value = todo.pop()
        if isinstance(value, dict):
            for name, inner in value.items():
                if isinstance(inner, HOLDERS):
                    todo.append(inner)
                if "@" in name and (problem := _annotation_problem(name, inner)):
                    yield problem
        else:
            todo += [element for element in value if isinstance(element, HOLDERS)]


def _annotation_problem(name: str, value: Any) -> str:
    if name == "@odata.type":
        is_type = value is None or (isinstance(value, str) and _is_type(value))
        return "" if is_type else _sentence(name, value, "a type of Microsoft Graph")
    if not _is_link(name):
        return ""
    return f"It holds {_shown(name)}, an address of another object, which no backup has. Nothing of it is sent."


@lru_cache(4096)
def _is_type(text: str) -> bool:
    return bool(_TYPE.fullmatch(text))


def _is_link(name: str) -> bool:
    """Return whether a property is a link, also in OData 4.01's short form: @id, members@delta. Other annotations are
    none.
    """
    return "@" in name and (name.endswith(paths.LINK_SUFFIXES) or not is_annotation(name))


def _sentence(where: str, value: Any, what: str) -> str:
    return (
        f"{where} is “{_shown(value)}”, and that is not {what}: it could lead a request to another place. "
        "Nothing of it is sent."
    )


def _shown(value: Any) -> str:
    text = "".join(character if character.isprintable() else "�" for character in str(value)[: LONGEST_SHOWN + 1])
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
