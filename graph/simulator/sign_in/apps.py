"""The sign-in endpoint of apps: OIDC discovery and client-credential tokens, with Entra's refusals."""

import base64
import hashlib
import secrets
import time
import uuid
from datetime import UTC, datetime
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from graph.simulator.audit.doers import own_app
from graph.simulator.model.replies import Reply
from graph.simulator.store.state import State, Tenant

AUTHORITY = "https://login.microsoftonline.com"
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
    number = _trouble(tenant, form)
    if number:
        return sign_in_refusal(number, app=form.get("client_id", ""), tenant=tenant_id)
    lifetime = int(tenant.flags.get("token_lifetime_s", 3599))
    body = {"token_type": "Bearer", "expires_in": max(lifetime, 301), "ext_expires_in": max(lifetime, 301)}
    return Reply(200, {**body, "access_token": _issue(tenant, lifetime)})


def _trouble(tenant: Tenant, form: dict[str, str]) -> int | None:
    flags = tenant.flags
    if flags.get("sign_in_unavailable"):
        return 90033
    if form.get("client_id") != tenant.client_id or flags.get("not_consented"):
        return 700016
    if form.get("scope") not in GRAPH_AUDIENCES:
        return 1002012
    if flags.get("app_disabled"):
        return 7000112
    return _credential_trouble(tenant, form) or (53003 if flags.get("sign_in_blocked") else None)


def _credential_trouble(tenant: Tenant, form: dict[str, str]) -> int | None:
    if "client_assertion" in form:
        return None if _is_valid_assertion(tenant, form["client_assertion"]) else 700027
    if "client_secret" not in form:
        return 7000216
    if not secrets.compare_digest(form["client_secret"].encode(), tenant.client_secret.encode()):
        return 7000215
    return 7000222 if tenant.flags.get("secret_expired") else None


def _is_valid_assertion(tenant: Tenant, assertion: str) -> bool:
    audience = f"{AUTHORITY}/{tenant.directory_id}/oauth2/v2.0/token"
    for pem in tenant.certificates:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        try:
            named = jwt.get_unverified_header(assertion).get("x5t#S256", "")
            if named and named.rstrip("=") != _thumbprint(certificate):
                continue
            claims = jwt.decode(assertion, certificate.public_key(), algorithms=["PS256", "RS256"], audience=audience)  # type: ignore[arg-type]
        except jwt.PyJWTError:
            continue
        return bool(claims.get("iss") == claims.get("sub") == tenant.client_id)
    return False


def _thumbprint(certificate: x509.Certificate) -> str:
    digest = hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _issue(tenant: Tenant, lifetime: int) -> str:
    now = int(time.time())
    claims: dict[str, Any] = {
        "aud": "https://graph.microsoft.com",
        "iss": f"https://sts.windows.net/{tenant.directory_id}/",
        "iat": now,
        "exp": now + lifetime,
        "appid": tenant.client_id,
        "tid": tenant.directory_id,
        "oid": own_app(tenant).id,
    }
    if tenant.permissions:  # a token without roles is issued even when nothing was consented
        claims["roles"] = sorted(tenant.permissions)
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
