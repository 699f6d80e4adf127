"""Parts that one GET leaves out, for the policy types of graph/policy_types/tenant_wide_types.py.

graph/read/details.py does the same for the others.
"""

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
    """Add the ids of the members of a group that people put members into."""
    if DYNAMIC not in (body.get("groupTypes") or ()):
        members = yield from all_pages(f"{item}/members?$select=id&$top=999")
        body["members"] = sorted(({"id": member.get("id")} for member in members), key=str)


def _drop_tokens(item: str, body: dict[str, Any], proof: Proof) -> RequestSteps[None]:
    """Drop enrollment tokens: whoever holds one can enroll a device."""
    yield from ()
    for name in ENROLLMENT_TOKENS:
        body.pop(name, None)


def _add_files(item: str, body: dict[str, Any], proof: Proof) -> RequestSteps[None]:
    """Add the PDFs, read as the TMF module reads them (Test-TmfAgreement): their data is a property with an address."""
    files = [dict(file) for file in body.get("files") or ()]
    body["files"] = files
    if not files:
        return
    answers = yield [paths.join(f"{item}/file/localizations", file.get("id"), "fileData", "data") for file in files]
    for file, answer in zip(files, answers, strict=True):
        if isinstance(answer.error, Rejected):
            proof.withhold(f"files[{file.get('fileName')}]", "Microsoft Graph did not give this PDF.")
            continue
        file["fileData"] = {"data": answer.require_body().get("value")}
    files.sort(key=lambda file: (str(file.get("language")), str(file.get("fileName"))))


def _add_branding_files(item: str, body: dict[str, Any], proof: Proof) -> RequestSteps[None]:
    """Add images and a style sheet, as base64; the body itself only says where a browser finds them."""
    present = [name for name in BRANDING_FILES if body.get(f"{name}RelativeUrl")]
    body |= {name: None for name in BRANDING_FILES if name not in present}
    if not present:
        return
    answers = yield [Request(f"{item}/{name}", is_media=True) for name in present]
    for name, answer in zip(present, answers, strict=True):
        body[name] = None if isinstance(answer.error, NotFound) else answer.require_body().get("value")


def _sort_lists(item: str, body: dict[str, Any], proof: Proof) -> RequestSteps[None]:
    """Sort sites and cookies: they have no order of their own."""
    yield from ()
    body["sites"] = sorted(body["sites"], key=lambda site: str(site.get("webUrl")))
    body["sharedCookies"] = sorted(
        body["sharedCookies"],
        key=lambda cookie: f"{cookie.get('hostOrDomain')} {cookie.get('displayName')} {cookie.get('path')}",
    )


_READERS: Mapping[str, Callable[[str, dict[str, Any], Proof], RequestSteps[None]]] = {
    "androidDeviceOwnerEnrollmentProfiles": _drop_tokens,
    "agreements": _add_files,
    "organizationalBranding": _add_branding_files,
    "browserSiteLists": _sort_lists,
}
