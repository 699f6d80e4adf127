"""The answers that mean: this tenant, or this cloud, does not have the feature. No permission and no retry helps.

Graph has no status or code for that; only its words tell. Whatever else it says is a refusal like any other: a list
that is wrongly taken for "not offered" is a backup that is wrongly taken for whole.

Sources, by row: [G2O] rknightion/graph2otel, docs/graph-api-gotchas.md, read from a live tenant; [CIPP]
KelvinTegelaar/CIPP-API; [DSC] microsoft/Microsoft365DSC; [TF] deploymenttheory/terraform-provider-microsoft365.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """A kind of such an answer.

    `words` are looked for in its code and message; {} in the sentence is what they hold.
    """

    code: str
    statuses: frozenset[int]
    words: re.Pattern[str]
    sentence: str


def _reason(code: str, statuses: str, words: str, sentence: str) -> Reason:
    return Reason(code, frozenset(map(int, statuses.split())), re.compile(words, re.IGNORECASE), sentence)


_LICENCE = "Nothing is wrong with the app registration: give the tenant the licence, or leave this out."

REASONS = (
    # [G2O] Decided before any permission is looked at: the way is not there in this cloud, or in this version of Graph.
    _reason(
        "unknown_segment", "400 404", r"resource not found for the segment\W+([\w.]{1,80})?",
        "Microsoft Graph does not know “{}” here: this cloud does not offer it. If the tenant's own portal shows these "
        "policies, please report it.",
    ),
    # [DSC] MSFT_IntuneDeviceConfigurationPlatformScriptMacOS; [TF] enrolment-time group.
    _reason(
        "no_route", "400 404", r"no odata route exists that match template",
        "Intune does not offer this here: it has no such route. If the tenant's own portal shows these policies, "
        "please report it.",
    ),
    # [DSC], [CIPP]
    _reason(
        "intune_not_available", "400 403", r"request not applicable to target tenant",
        "This tenant has no Intune, or no licence for this feature. Check its subscriptions.",
    ),
    # [G2O] live, [CIPP]
    _reason(
        "not_licensed", "400 403", r"tenant is not licensed for this feature",
        f"This tenant has no licence for this feature. {_LICENCE}",
    ),
    # [CIPP]
    _reason(
        "entra_p1_missing", "400 403", r"tenant is B2C or tenant doesn'?t have premium licen[cs]e",
        f"This tenant has no licence for Microsoft Entra ID P1, which this feature needs. {_LICENCE}",
    ),
    # [DSC]; "1039" was seen on a write: crossplane-contrib/provider-upjet-azuread#5.
    _reason(
        "entra_p2_missing", "400 403", r"premium P2 (?:features|licen[cs]e)",
        f"This tenant has no licence for Microsoft Entra ID P2, which this feature needs. {_LICENCE}",
    ),
    _reason(
        "entra_premium_missing", "400 403", r"AadPremiumLicenseRequired",
        f"This tenant has no premium licence of Microsoft Entra ID, which this feature needs. {_LICENCE}",
    ),
    # [CIPP] Under any status.
    _reason(
        "intune_apps_not_licensed", "400 401 403 404 500 501", r"AppLifecycle_2210",
        f"This tenant has no licence for Intune's apps. {_LICENCE}",
    ),
    # [CIPP]
    _reason(
        "store_apps_not_supported", "400 403", r"Windows Store repository apps feature is not supported",
        "This tenant does not have apps of the Microsoft Store repository (WinGet).",
    ),
    # [G2O] exchangeConnectors. A 400 of this code is about one property of a body.
    _reason("retired", "501", r"^NotSupported\b", "Microsoft has retired this feature."),
    # [G2O]
    _reason(
        "not_deployed", "404 500", r"^(?:HostNotFound|TenantDeploymentNotFound)\b",
        "Microsoft has not set this service up for the tenant. If the tenant is new, it may come within a day.",
    ),
)  # fmt: skip


def find_reason(status: int, code: str, message: str) -> tuple[str, str] | None:
    """Return (our code, the sentence for a person); None where the answer does not say that a feature is missing."""
    text = f"{code} {message}"
    for reason in REASONS:
        match = reason.words.search(text) if status in reason.statuses else None
        if match:
            feature = match.group(1) if reason.words.groups else ""
            return reason.code, reason.sentence.format(feature or "this")
    return None
