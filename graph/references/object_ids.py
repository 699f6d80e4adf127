"""The form of an object's id, by its kind: a GUID, and what some have besides or instead.

What stands here is what a person may say, and what an export may hold; an id that Graph itself gave is never asked.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from graph.content.spellings import GUID
from graph.policy_types.policy_type import SINGLE_ID
from graph.references.reference_kinds import (
    COLLECTIONS,
    CONTEXT_NUMBERS,
    CONTEXTS,
    CUSTOM_CONTROLS,
    DOMAINS,
    IMAGES,
    PROTECTIONS,
)


class IdForm(NamedTuple):
    """`rule`: what it looks like, for whoever typed something else; "" where it may be any text."""

    pattern: re.Pattern[str]
    rule: str


_PLAIN = IdForm(GUID, "An object id is a GUID such as 72f988bf-86f1-41af-91ab-2d7cd011db47.")
# MAM: “T_” and “A_” before the GUID (deploymenttheory/terraform-provider-microsoft365, captured requests of policy sets
# and of targeted app configurations); Windows Information Protection has plain ones (learn.microsoft.com).
_OF_APPS = IdForm(
    re.compile(rf"(?:[A-Z]_)?{GUID.pattern}", re.IGNORECASE),
    "The id of a policy of apps is a GUID with a letter before it, such as T_72f988bf-86f1-41af-91ab-2d7cd011db47.",
)
# “…_Windows10EnrollmentCompletionPageConfiguration” (the same captures, and Micke-K/IntuneManagement).
_OF_ENROLLMENT = IdForm(
    re.compile(rf"{GUID.pattern}(?:_\w{{1,80}})?", re.IGNORECASE),
    "The id of an enrollment configuration is a GUID with its sort behind it, such as"
    " 72f988bf-86f1-41af-91ab-2d7cd011db47_Limit.",
)
# The token that a profile lives below, and the profile itself.
_OF_APPLES_ENROLLMENT = IdForm(
    re.compile(rf"{GUID.pattern}/[\w.-]{{1,80}}", re.IGNORECASE | re.ASCII),
    "The id of an Apple enrollment profile is that of its token, a slash and its own.",
)
# learn.microsoft.com: authenticationContextClassReference, “c1 through c99”.
_OF_CONTEXTS = IdForm(re.compile(r"c[1-9]\d?", re.ASCII), "The id of an authentication context is one of c1 to c99.")
# Small whole numbers as text; the built-in one is 0 (Micke-K/IntuneManagement, Set-ScopeTags).
_OF_SCOPE_TAGS = IdForm(re.compile(r"\d{1,9}", re.ASCII), "The id of a scope tag is a whole number such as 3.")
# learn.microsoft.com: organizationalBrandingLocalization, “0” or a language tag.
_OF_BRANDINGS = IdForm(
    re.compile(r"0|[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}", re.ASCII),
    "The id of a branding is 0, or its language such as en-US.",
)
_OF_SINGLES = IdForm(re.compile(SINGLE_ID), "A tenant has one of these, and its id is tenant-wide.")
_OF_DOMAINS = IdForm(re.compile(r"[\w-]+(\.[\w-]+)+"), "A domain is named as contoso.com is.")
# A gallery's image, a collection's “ABC00012”, a custom control's own name: nobody can tell them from a name.
_ANY_TEXT = IdForm(re.compile(r".+", re.DOTALL), "")

_FORMS: Mapping[str, IdForm] = MappingProxyType(
    {
        "roleScopeTags": _OF_SCOPE_TAGS,
        CONTEXTS: _OF_CONTEXTS,
        CONTEXT_NUMBERS: _OF_CONTEXTS,
        **dict.fromkeys(
            (
                PROTECTIONS,
                "iosManagedAppProtections",
                "androidManagedAppProtections",
                "windowsManagedAppProtections",
                "targetedManagedAppConfigurations",
                "mdmWindowsInformationProtectionPolicies",
                "windowsInformationProtectionPolicies",
            ),
            _OF_APPS,
        ),
        "deviceEnrollmentConfigurations": _OF_ENROLLMENT,
        "depOnboardingSettings": _OF_APPLES_ENROLLMENT,
        "organizationalBranding": _OF_BRANDINGS,
        "deviceManagementSettings": _OF_SINGLES,
        DOMAINS: _OF_DOMAINS,
        **dict.fromkeys((IMAGES, COLLECTIONS, CUSTOM_CONTROLS), _ANY_TEXT),
    }
)


def id_form(kind: str) -> IdForm:
    """Return what the ids of this kind look like."""
    return _FORMS.get(kind, _PLAIN)


def is_object_id(kind: str, text: str) -> bool:
    return bool(id_form(kind).pattern.fullmatch(text))
