"""Entra's page of admin consent: agree, refuse, or sign in as the administrator of another directory.

learn.microsoft.com, Admin consent on the Microsoft identity platform: a refusal comes back with `admin_consent=True`
as well, beside its `error`; the directory that agreed comes back as `tenant`.
"""

from collections.abc import Mapping
from html import escape
from urllib.parse import urlencode

from graph.simulator.sign_in import registrations
from graph.simulator.sign_in.apps import GRAPH_AUDIENCES
from graph.simulator.sign_in.registrations import AppRegistration
from graph.simulator.store.state import State, Tenant

ANY_DIRECTORY = "organizations"
_DECLINED = (
    "AADSTS65004: The resource owner or authorization server denied the request. User declined to consent to access "
    "the app."
)


def admin_consent(state: State, tenant_id: str, query: Mapping[str, str]) -> tuple[int, str, str]:
    """(status, page, where to go): the page, or the way back once somebody decided."""
    asked = state.tenants.get(tenant_id.lower())
    registration = _registration(state, asked, query.get("client_id", ""))
    trouble = _trouble(tenant_id, asked, registration, query)
    if trouble or registration is None:
        return 400, _page("Sorry, but we’re having trouble signing you in", f"<p>{escape(trouble)}</p>"), ""
    decision, directory = query.get("decision", ""), state.tenants.get(query.get("as_directory", ""), asked)
    if decision == "refuse":
        refusal = {"error": "consent_required", "error_description": _DECLINED}
        return 302, "", _back(query, directory, **refusal)
    if decision == "agree" and directory is not None:
        registrations.consent(state, directory, registration)
        return 302, "", _back(query, directory)
    return 200, _page("Permissions requested", _choices(state, asked, registration, query)), ""


def _registration(state: State, asked: Tenant | None, client_id: str) -> AppRegistration | None:
    looked_in = asked or next(iter(state.tenants.values()), None)
    return registrations.find(state, looked_in, client_id) if looked_in else None


def _trouble(
    tenant_id: str, asked: Tenant | None, registration: AppRegistration | None, query: Mapping[str, str]
) -> str:
    if asked is None and tenant_id != ANY_DIRECTORY:
        return f"AADSTS90002: Tenant '{tenant_id}' not found."
    if registration is None:
        return f"AADSTS700016: Application with identifier '{query.get('client_id', '')}' was not found."
    if not registration.is_multi_tenant and registration.home is not asked:
        return f"AADSTS50194: Application '{registration.client_id}' is not configured as a multi-tenant application."
    if not registration.redirect_uris:
        return "AADSTS500113: No reply address is registered for the application."
    if query.get("redirect_uri") not in registration.redirect_uris:
        return "AADSTS50011: The redirect URI specified in the request does not match those of the application."
    if query.get("scope") not in GRAPH_AUDIENCES:
        return "AADSTS70011: The provided value for the input parameter 'scope' is not valid."
    return ""


def _back(query: Mapping[str, str], directory: Tenant | None, **values: str) -> str:
    answer = {"admin_consent": "True", "tenant": directory.directory_id if directory else "", **values}
    return f"{query['redirect_uri']}?{urlencode({**answer, 'scope': query['scope'], 'state': query.get('state', '')})}"


def _choices(state: State, asked: Tenant | None, registration: AppRegistration, query: Mapping[str, str]) -> str:
    others = [tenant for tenant in state.tenants.values() if tenant is not asked]
    roles = "".join(f"<li>{escape(role)}</li>" for role in sorted(registration.roles))
    return (
        f"<p>{escape(registration.name)} (simulated)</p><ul>{roles}</ul>"
        + (_form(query, asked, "agree", f"Accept for {asked.name}") if asked else "")
        + _form(query, asked, "refuse", "Cancel")
        + ("<h2>Use another account</h2>" if others else "")
        + "".join(_form(query, tenant, "agree", f"Accept for {tenant.name}") for tenant in others)
    )


def _form(query: Mapping[str, str], directory: Tenant | None, decision: str, label: str) -> str:
    values = {**query, "decision": decision, "as_directory": directory.directory_id if directory else ""}
    hidden_fields = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in values.items()
    )
    return f"<form>{hidden_fields}<p><button>{escape(label)}</button></p></form>"


def _page(title: str, body: str) -> str:
    return f'<!doctype html><html lang="en"><title>{title}</title><h1>{title}</h1>{body}</html>'
