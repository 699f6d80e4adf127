"""Microsoft's clouds, each with its own sign-in and Graph (learn.microsoft.com: National cloud deployments)."""

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit


class Cloud(StrEnum):
    GLOBAL = "global"
    US_GOV = "usgov"
    US_DOD = "usdod"
    CHINA = "china"


@dataclass(frozen=True)
class Endpoints:
    """`authority` is what MSAL is told (always https); `login_url` and `graph_url` are where requests really go."""

    authority: str
    login_url: str
    graph_url: str
    scope: str


_HOSTS = {
    Cloud.GLOBAL: ("https://login.microsoftonline.com", "https://graph.microsoft.com"),
    Cloud.US_GOV: ("https://login.microsoftonline.us", "https://graph.microsoft.us"),
    Cloud.US_DOD: ("https://login.microsoftonline.us", "https://dod-graph.microsoft.us"),
    Cloud.CHINA: ("https://login.partner.microsoftonline.cn", "https://microsoftgraph.chinacloudapi.cn"),
}


def endpoints(cloud: str, *, login_url: str, graph_url: str) -> Endpoints:
    """Return where to sign in to a cloud and where its Graph is.

    The two settings are for the global cloud. On loopback (the simulator) they stand for every cloud.
    """
    login_host, graph_host = _HOSTS[Cloud(cloud)]
    if cloud == Cloud.GLOBAL or _is_loopback(graph_url):
        return Endpoints(login_host, login_url, graph_url, f"{graph_host}/.default")
    return Endpoints(login_host, login_host, graph_host, f"{graph_host}/.default")


def graph_host(cloud: Cloud) -> str:
    """Return where Microsoft Graph of this cloud is, whatever the settings say."""
    return _HOSTS[cloud][1]


def _is_loopback(url: str) -> bool:
    return urlsplit(url).hostname in {"127.0.0.1", "localhost", "::1"}
