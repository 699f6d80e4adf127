"""Entra's sign-in page for people: pick an account, and go back with a code (OpenID Connect, authorization code, PKCE).

What Entra refuses is refused here: an unknown app, an address that is not registered, a code that is used twice, comes
too late, or comes without the verifier that belongs to its challenge.
"""

import base64
import hashlib
import json
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from graph.simulator.model.replies import Reply
from graph.simulator.sign_in.apps import sign_in_refusal
from graph.simulator.sign_in.assertions import AUTHORITY
from graph.simulator.store.state import State, Tenant

CODE_SECONDS = 600
TOKEN_SECONDS = 3600
KEY_ID = "simulated-key"
_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(frozen=True)
class _Issued:
    tenant: Tenant
    person: dict[str, Any]
    asked: Mapping[str, str]
    at: float


_codes: dict[str, _Issued] = {}
_refreshing: dict[str, _Issued] = {}


def keys() -> Reply:
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(_KEY.public_key()))
    return Reply(200, {"keys": [{**public, "kid": KEY_ID, "use": "sig", "alg": "RS256"}]})


def authorize(state: State, tenant_id: str, query: Mapping[str, str]) -> tuple[int, str, str]:
    """(status, page, where to go): the page, or the way back once an account was picked, or once it was cancelled."""
    tenant = state.tenants.get(tenant_id.lower())
    trouble = _trouble(tenant, query)
    if trouble or tenant is None:
        return 400, _page("Sign in", f"<p>{escape(trouble or 'AADSTS90002: Tenant not found.')}</p>"), ""
    picked = query.get("picked")
    if picked == "nobody":
        return 302, "", _back(query, error="access_denied", error_description="AADSTS65004: User declined.")
    person = next((somebody for somebody in tenant.people if somebody["oid"] == picked), None)
    if person is None:
        return 200, _page("Pick an account", _accounts(tenant, query)), ""
    code = secrets.token_urlsafe(32)
    _codes[code] = _Issued(tenant, person, dict(query), time.time())
    return 302, "", _back(query, code=code, session_state=secrets.token_hex(8))


def _trouble(tenant: Tenant | None, query: Mapping[str, str]) -> str:
    if tenant is None:
        return "AADSTS90002: Tenant not found."
    if query.get("client_id") != tenant.client_id:
        return f"AADSTS700016: Application with identifier '{query.get('client_id', '')}' was not found."
    if _without_port(query.get("redirect_uri", "")) not in map(_without_port, tenant.return_addresses):
        return "AADSTS50011: The redirect URI specified in the request does not match those of the application."
    if query.get("response_type") != "code" or "openid" not in query.get("scope", "").split():
        return "AADSTS900144: The request must ask for a code, with the scope openid."
    if query.get("code_challenge_method") != "S256" or not query.get("code_challenge"):
        return "AADSTS9002325: Proof Key for Code Exchange is required."
    return ""


def _without_port(address: str) -> str:
    """Return a loopback address without its port: Entra does not compare it."""
    return re.sub(r"^(http://(?:127\.0\.0\.1|localhost)):\d+/", r"\1/", address)


def _back(query: Mapping[str, str], **values: str) -> str:
    return f"{query['redirect_uri']}?{urlencode({**values, 'state': query.get('state', '')})}"


def _accounts(tenant: Tenant, query: Mapping[str, str]) -> str:
    hidden_fields = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in query.items()
    )
    buttons = "".join(
        f'<p><button name="picked" value="{escape(person["oid"])}">{escape(person["name"])}</button>'
        f" {escape(person['user_name'])}</p>"
        for person in tenant.people
    )
    nobody = '<p><button name="picked" value="nobody">Cancel</button></p>'
    return f"<p>{escape(tenant.name)} (simulated)</p><form>{hidden_fields}{buttons}{nobody}</form>"


def _page(title: str, body: str) -> str:
    return f'<!doctype html><html lang="en"><title>{title}</title><h1>{title}</h1>{body}</html>'


def redeem(state: State, tenant_id: str, form: Mapping[str, str]) -> Reply:
    """`grant_type=authorization_code`: a code for an ID token, once."""
    tenant = state.tenants.get(tenant_id.lower())
    issued = _codes.pop(form.get("code", ""), None)
    if tenant is None or form.get("client_id") != tenant.client_id:
        return sign_in_refusal(700016, app=form.get("client_id", ""), tenant=tenant_id)
    if not secrets.compare_digest(form.get("client_secret", "").encode(), tenant.client_secret.encode()):
        return sign_in_refusal(7000215, app=tenant.client_id)
    if issued is None or issued.tenant is not tenant or time.time() - issued.at > CODE_SECONDS:
        return sign_in_refusal(70008)
    if form.get("redirect_uri") != issued.asked["redirect_uri"]:
        return sign_in_refusal(500112)
    if _challenge(form.get("code_verifier", "")) != issued.asked["code_challenge"]:
        return sign_in_refusal(501481)
    return _tokens(issued, issued.asked.get("nonce", ""))


def refresh(state: State, tenant_id: str, form: Mapping[str, str]) -> Reply:
    """`grant_type=refresh_token`: an ID token of the person as they are now; one who is gone or disabled gets none."""
    tenant, issued = state.tenants.get(tenant_id.lower()), _refreshing.get(form.get("refresh_token", ""))
    if tenant is None or form.get("client_id") != tenant.client_id:
        return sign_in_refusal(700016, app=form.get("client_id", ""), tenant=tenant_id)
    if not secrets.compare_digest(form.get("client_secret", "").encode(), tenant.client_secret.encode()):
        return sign_in_refusal(7000215, app=tenant.client_id)
    if issued is None or issued.tenant.directory_id != tenant.directory_id:
        return sign_in_refusal(70008)
    person = next((somebody for somebody in tenant.people if somebody["oid"] == issued.person["oid"]), None)
    if person is None or person.get("is_disabled"):
        return sign_in_refusal(50057)
    return _tokens(_Issued(tenant, person, issued.asked, time.time()), None)


GRANTS = {"authorization_code": redeem, "refresh_token": refresh}


def _tokens(issued: _Issued, nonce: str | None) -> Reply:
    """A refresh token only where it was asked for; each may be used again, as Entra's may."""
    body = {"token_type": "Bearer", "scope": "openid profile", "expires_in": TOKEN_SECONDS}
    if "offline_access" in issued.asked.get("scope", "").split():
        body["refresh_token"] = secrets.token_urlsafe(48)
        _refreshing[str(body["refresh_token"])] = issued
    return Reply(200, {**body, "access_token": secrets.token_urlsafe(24), "id_token": _id_token(issued, nonce)})


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _id_token(issued: _Issued, nonce: str | None) -> str:
    """learn.microsoft.com: ID token claims reference. `flags["id_token"]` changes claims, as a forger would."""
    now, person, tenant = int(time.time()), issued.person, issued.tenant
    claims = {
        "aud": tenant.client_id,
        "iss": f"{AUTHORITY}/{tenant.directory_id}/v2.0",
        "iat": now,
        "nbf": now,
        "exp": now + TOKEN_SECONDS,
        "name": person["name"],
        "oid": person["oid"],
        "preferred_username": person["user_name"],
        "sub": hashlib.sha256(person["oid"].encode()).hexdigest(),
        "tid": tenant.directory_id,
        "ver": "2.0",
    }
    if nonce is not None:
        claims["nonce"] = nonce
    for name in ("groups", "roles"):
        if person.get(name):
            claims[name] = person[name]
    if person.get("has_many_groups"):
        claims["_claim_names"] = {"groups": "src1"}
    claims |= tenant.flags.get("id_token", {})
    key = (
        rsa.generate_private_key(public_exponent=65537, key_size=2048) if tenant.flags.get("id_token_forged") else _KEY
    )
    return jwt.encode(claims, key, algorithm="RS256", headers={"kid": KEY_ID})
