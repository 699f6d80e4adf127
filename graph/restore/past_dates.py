"""Dates that the service refuses once they are past, unless they stay as they are.

Microsoft's model (msgraph-beta-sdk 1.66.0) says which properties hold a date, and not which may lie in the past. One
was seen to be refused: a feature update's rollout whose start is past (Microsoft365DSC/Microsoft365DSC#3438, #4614); a
start that equals the present one is taken (Microsoft365DSC/Microsoft365DSC#4910).
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from graph.content.timestamps import parse_time

Object = Mapping[str, Any]

# Policy type -> the property of its body that is written or left out as a whole -> the dates in it.
REFUSED_WHEN_PAST: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "windowsFeatureUpdateProfiles": {"rolloutSettings": ("offerStartDateTimeInUTC", "offerEndDateTimeInUTC")},
}
# Other dates that an administrator sets, by type and property of the model. Nobody knows whether the service takes them
# when they are past: they are written as they were, for leaving one out would change what the policy means.
WRITTEN_AS_THEY_WERE: Mapping[tuple[str, str], str] = {
    ("windows10AppsForceUpdateSchedule", "startDateTime"): "the first of a series: it lies in the past by nature",
    ("windowsKioskForceUpdateSchedule", "startDateTime"): "the first of a series: it lies in the past by nature",
    ("mobileAppInstallTimeSettings", "startDateTime"): "an app's assignment: past means at once",
    ("mobileAppInstallTimeSettings", "deadlineDateTime"): "an app's assignment: past means at once",
    ("winGetAppInstallTimeSettings", "deadlineDateTime"): "an app's assignment: past means at once",
    ("windowsAutoUpdateCatalogAppInstallTimeSettings", "startDateTime"): "an app's assignment: past means at once",
    ("windowsAutoUpdateCatalogAppInstallTimeSettings", "deadlineDateTime"): "an app's assignment: past means at once",
    ("termsExpiration", "startDateTime"): "of terms of use: the first of a series, past for most",
    ("omaSettingDateTime", "value"): "an OMA-URI value, of whatever meaning",
    ("deviceHealthScriptRunOnceSchedule", "date"): "a remediation that runs once: past means that it ran",
}


def find_past_dates(policy_type: str, live: Object | None, want: Object, now: datetime) -> dict[str, datetime]:
    """Return {property of the body: the first date in it that is past and differs from the live one}."""
    past_dates = {}
    for name, dates in REFUSED_WHEN_PAST.get(policy_type, {}).items():
        there = _parsed_dates((live or {}).get(name), dates)
        past = [at for date, at in _parsed_dates(want.get(name), dates).items() if at < now and there.get(date) != at]
        if past:
            past_dates[name] = past[0]
    return past_dates


def _parsed_dates(value: Any, dates: tuple[str, ...]) -> dict[str, datetime]:
    return dict(_read(value, dates)) if isinstance(value, Mapping) else {}


def _read(value: Object, dates: tuple[str, ...]) -> Iterator[tuple[str, datetime]]:
    for name in dates:
        at = parse_time(value.get(name))
        if at:
            yield name, at
