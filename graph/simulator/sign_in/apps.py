"""The sign-in endpoint of apps: OIDC discovery and client-credential tokens, with Entra's refusals."""

import secrets
import time
import uuid
from datetime import UTC, datetime
from typing import Any

import jwt

from graph.simulator.audit.doers import own_app, signed_in_app
from graph.simulator.model.replies import Reply
from graph.simulator.sign_in import assertions, registrations
from graph.simulator.sign_in.assertions import AUTHORITY
from graph.simulator.sign_in.registrations import AppRegistration, granted_roles
from graph.simulator.store.state import State, Tenant

GRAPH_AUDIENCES = tuple(
    f"https://{host}/.default"
    for host in (
        "graph.microsoft.com",
        "graph.microsoft.us",
        "dod-graph.microsoft.us",
        "microsoftgraph.chinacloudapi.cn",
    )
)
# Tokens need only survive this process: a client asks for a new one when its own is refused.
_KEY = secrets.token_hex(32)

# number -> (status, error, text); learn.microsoft.com: Microsoft Entra authentication error codes.
_ERRORS = {
    7000215: (
        401,
        "invalid_client",
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not "
        "the client secret ID, for a secret added to app '{app}'.",
    ),
    7000222: (401, "invalid_client", "The provided client secret keys for app '{app}' are expired."),
    700016: (
        400,
        "unauthorized_client",
        "Application with identifier '{app}' was not found in the directory '{tenant}'.",
    ),
    90002: (
        400,
        "invalid_tenant",
        "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID.",
    ),
    700027: (
        401,
        "invalid_client",
        "The certificate with identifier used to sign the client assertion is not registered on application.",
    ),
    # Azure/login#482, Azure/azure-workload-identity#1200.
    700211: (401, "invalid_client", "No matching federated identity record found for presented assertion issuer."),
    700213: (
        401,
        "invalid_client",
        "No matching federated identity record found for presented assertion subject. Check your federated identity "
        "credential Subject, Audience and Issuer against the presented assertion.",
    ),
    7000112: (400, "unauthorized_client", "Application '{app}' is disabled."),
    7000216: (401, "invalid_client", "'client_assertion', 'client_secret' or 'request' is required."),
    1002012: (
        400,
        "invalid_scope",
        "The provided value for scope is not valid. Client credential flows must have a scope value with /.default "
        "suffixed to the resource identifier.",
    ),
    70008: (400, "invalid_grant", "The provided authorization code or refresh token has expired or was used already."),
    50057: (400, "invalid_grant", "The user account is disabled."),
    500112: (
        400,
        "invalid_grant",
        "The reply address does not match the reply address provided when the code was asked for.",
    ),
    501481: (
        400,
        "invalid_grant",
        "The code_verifier does not match the code_challenge supplied in the authorization request.",
    ),
    53003: (400, "invalid_grant", "Access has been blocked by Conditional Access policies."),
    90033: (503, "temporarily_unavailable", "A transient error has occurred. Please try again."),
}


def discovery(state: State, tenant_id: str) -> Reply:
    if tenant_id.lower() not in state.tenants:
        return sign_in_refusal(90002, tenant=tenant_id)
    base = f"{AUTHORITY}/{tenant_id}"
    return Reply(
        200,
        {
            "issuer": f"{base}/v2.0",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "tenant_region_scope": "EU",
            "cloud_instance_name": "microsoftonline.com",
            "msgraph_host": "graph.microsoft.com",
        },
    )


def token(state: State, tenant_id: str, form: dict[str, str]) -> Reply:
    tenant = state.tenants.get(tenant_id.lower())
    if tenant is None:
        return sign_in_refusal(90002, tenant=tenant_id)
    registration = registrations.find(state, tenant, form.get("client_id", ""))
    number = _trouble(tenant, registration, form)
    if number or registration is None:
        return sign_in_refusal(number or 700016, app=form.get("client_id", ""), tenant=tenant_id)
    lifetime = int(tenant.flags.get("token_lifetime_s", 3599))
    body = {"token_type": "Bearer", "expires_in": max(lifetime, 301), "ext_expires_in": max(lifetime, 301)}
    return Reply(200, {**body, "access_token": _issue(tenant, registration, lifetime)})


def _trouble(tenant: Tenant, registration: AppRegistration | None, form: dict[str, str]) -> int | None:
    flags = tenant.flags
    if flags.get("sign_in_unavailable"):
        return 90033
    if registration is None or flags.get("not_consented") or granted_roles(tenant, registration) is None:
        return 700016
    if form.get("scope") not in GRAPH_AUDIENCES:
        return 1002012
    if flags.get("app_disabled"):
        return 7000112
    return _credential_trouble(tenant, registration, form) or (53003 if flags.get("sign_in_blocked") else None)


def _credential_trouble(tenant: Tenant, registration: AppRegistration, form: dict[str, str]) -> int | None:
    if "client_assertion" in form:
        return assertions.trouble(tenant, registration, form["client_assertion"])
    if "client_secret" not in form:
        return 7000216
    given = form["client_secret"].encode()
    if not any(secrets.compare_digest(given, secret.encode()) for secret in registration.secrets):
        return 7000215
    return 7000222 if tenant.flags.get("secret_expired") else None


def _issue(tenant: Tenant, registration: AppRegistration, lifetime: int) -> str:
    now = int(time.time())
    claims: dict[str, Any] = {
        "aud": "https://graph.microsoft.com",
        "iss": f"https://sts.windows.net/{tenant.directory_id}/",
        "iat": now,
        "exp": now + lifetime,
        "appid": registration.client_id,
        "tid": tenant.directory_id,
        "oid": own_app(tenant, registration.client_id).id,
    }
    roles = granted_roles(tenant, registration)
    if roles:  # a token without roles is issued even when nothing was consented
        claims["roles"] = sorted(roles)
    return jwt.encode(claims, _KEY, algorithm="HS256")


def token_holder(state: State, authorization: str) -> tuple[Tenant, set[str]] | None:
    """The tenant and the roles of a bearer token; None when it is expired or not ours."""
    try:
        claims = jwt.decode(
            authorization.removeprefix("Bearer "), _KEY, algorithms=["HS256"], audience="https://graph.microsoft.com"
        )
    except jwt.PyJWTError:
        return None
    tenant = state.tenants.get(claims["tid"])
    signed_in_app.set(claims["appid"])
    return (tenant, set(claims.get("roles", ()))) if tenant else None


def sign_in_refusal(number: int, app: str = "", tenant: str = "") -> Reply:
    status, code, text = _ERRORS[number]
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    trace, correlation = uuid.uuid4(), uuid.uuid4()
    described = text.format(app=app, tenant=tenant)
    return Reply(
        status,
        {
            "error": code,
            "error_description": f"AADSTS{number}: {described} Trace ID: {trace} Correlation ID: {correlation} "
            f"Timestamp: {now}",
            "error_codes": [number],
            "timestamp": now,
            "trace_id": str(trace),
            "correlation_id": str(correlation),
            "error_uri": f"https://login.microsoftonline.com/error?code={number}",
        },
    )
