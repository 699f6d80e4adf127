"""What one GET does not give of the policy types in graph/policy_types/tenant_wide_types.py; as
graph/read/details.py for the others."""

from collections.abc import Callable, Mapping
from typing import Any

from graph.errors import NotFound, Rejected
from graph.policy_types.policy_type import PolicyType
from graph.policy_types.tenant_wide_types import BRANDING_FILES, DYNAMIC, ENROLLMENT_TOKENS
from graph.read.paging import all_pages
from graph.read.proof import Proof
from graph.transport import paths
from graph.transport.batch_driver import RequestSteps
from graph.transport.client import Request


def add_details(policy_type: PolicyType, item: str, body: dict[str, Any], proof: Proof) -> RequestSteps[None]:
    special = _add_members if policy_type.with_members else _READERS.get(policy_type.key)
    if special:
        yield from special(item, body, proof)


def _add_members(item: str, body: dict[str, Any], proof: Proof) -> RequestSteps[None]:
    """Of a group that people put members into; by their ids alone."""
    if DYNAMIC not in (body.get("groupTypes") or ()):
        members = yield from all_pages(f"{item}/members?$select=id&$top=999")
        body["members"] = sorted(({"id": one.get("id")} for one in members), key=str)


def _drop_tokens(item: str, body: dict[str, Any], proof: Proof) -> RequestSteps[None]:
    """Whoever holds one can enroll a device: it is left where it is."""
    yield from ()
    for name in ENROLLMENT_TOKENS:
        body.pop(name, None)


def _add_files(item: str, body: dict[str, Any], proof: Proof) -> RequestSteps[None]:
    """The PDFs. Read as the TMF module reads them (Test-TmfAgreement): their data is a property with an address."""
    files = [dict(one) for one in body.get("files") or ()]
    body["files"] = files
    if not files:
        return
    answers = yield [paths.join(f"{item}/file/localizations", one.get("id"), "fileData", "data") for one in files]
    for one, answer in zip(files, answers, strict=True):
        if isinstance(answer.error, Rejected):
            proof.withhold(f"files[{one.get('fileName')}]", "Microsoft Graph did not give this PDF.")
            continue
        one["fileData"] = {"data": answer.require_body().get("value")}
    files.sort(key=lambda one: (str(one.get("language")), str(one.get("fileName"))))


def _add_branding_files(item: str, body: dict[str, Any], proof: Proof) -> RequestSteps[None]:
    """Images and a style sheet, as base64; a read shows no more than where a browser finds them."""
    there = [name for name in BRANDING_FILES if body.get(f"{name}RelativeUrl")]
    body |= {name: None for name in BRANDING_FILES if name not in there}
    if not there:
        return
    answers = yield [Request(f"{item}/{name}", is_media=True) for name in there]
    for name, answer in zip(there, answers, strict=True):
        body[name] = None if isinstance(answer.error, NotFound) else answer.require_body().get("value")


def _sort_lists(item: str, body: dict[str, Any], proof: Proof) -> RequestSteps[None]:
    """Sites have no order: whichever way they are listed, the list is the same one."""
    yield from ()
    body["sites"] = sorted(body["sites"], key=lambda one: str(one.get("webUrl")))
    body["sharedCookies"] = sorted(
        body["sharedCookies"], key=lambda one: f"{one.get('hostOrDomain')} {one.get('displayName')} {one.get('path')}"
    )


_READERS: Mapping[str, Callable[[str, dict[str, Any], Proof], RequestSteps[None]]] = {
    "androidDeviceOwnerEnrollmentProfiles": _drop_tokens,
    "agreements": _add_files,
    "organizationalBranding": _add_branding_files,
    "browserSiteLists": _sort_lists,
}
