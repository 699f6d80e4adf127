"""Assertions, with which an app signs in instead of a secret: by its own certificate, or by somebody it trusts.

Federated tokens: issuer, subject and audience have to be those of a record, to the letter (learn.microsoft.com,
Workload identity federation). Where Entra asks the issuer for its key, the record holds it here; without one the token
has to be of the simulator's own metadata service.
"""

import base64
import hashlib
import time
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from graph.simulator.model.replies import Reply
from graph.simulator.sign_in.registrations import AppRegistration
from graph.simulator.store.state import Object, State, Tenant

AUTHORITY = "https://login.microsoftonline.com"
_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_PUBLIC_KEY = _KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
_IDENTITY_TOKEN_SECONDS = 86_400


def trouble(tenant: Tenant, registration: AppRegistration, assertion: str) -> int | None:
    """Return the number of the refusal of an assertion, or None."""
    claims = _unverified(assertion)
    if claims.get("iss") == registration.client_id:
        is_valid = any(_is_signed_by(tenant, registration, pem, assertion) for pem in registration.certificates)
        return None if is_valid else 700027
    return _federated_trouble(registration.federated, claims, assertion)


def _unverified(assertion: str) -> dict[str, Any]:
    try:
        return dict(jwt.decode(assertion, options={"verify_signature": False}))
    except jwt.PyJWTError:
        return {}


def _is_signed_by(tenant: Tenant, registration: AppRegistration, pem: str, assertion: str) -> bool:
    audience = f"{AUTHORITY}/{tenant.directory_id}/oauth2/v2.0/token"
    certificate = x509.load_pem_x509_certificate(pem.encode())
    try:
        named = jwt.get_unverified_header(assertion).get("x5t#S256", "")
        if named and named.rstrip("=") != _thumbprint(certificate):
            return False
        claims = jwt.decode(assertion, certificate.public_key(), algorithms=["PS256", "RS256"], audience=audience)  # type: ignore[arg-type]
    except jwt.PyJWTError:
        return False
    return bool(claims.get("iss") == claims.get("sub") == registration.client_id)


def _thumbprint(certificate: x509.Certificate) -> str:
    digest = hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _federated_trouble(records: tuple[Object, ...], claims: Mapping[str, Any], assertion: str) -> int | None:
    of_issuer = [record for record in records if record["issuer"] == claims.get("iss")]
    if not of_issuer:
        return 700211
    of_subject = [record for record in of_issuer if record["subject"] == claims.get("sub")]
    if not of_subject:
        return 700213
    return None if any(_is_trusted(record, assertion) for record in of_subject) else 700213


def _is_trusted(record: Object, assertion: str) -> bool:
    key = record.get("key") or _PUBLIC_KEY
    try:
        jwt.decode(assertion, key, algorithms=["RS256"], audience=record["audiences"], issuer=record["issuer"])
    except jwt.PyJWTError:
        return False
    return True


def identity_token(state: State, query: Mapping[str, str], metadata: str) -> Reply:
    """The machine's metadata service: a token of its managed identity.

    learn.microsoft.com, How to use managed identities on a virtual machine to acquire an access token.
    """
    if metadata.lower() != "true":
        return Reply(400, {"error": "bad_request_102", "error_description": "Required metadata header not specified"})
    named = query.get("client_id", "")
    held = [(tenant, identity) for tenant in state.tenants.values() for identity in tenant.identities]
    fitting = [(tenant, identity) for tenant, identity in held if named in ("", identity["client_id"])]
    if not fitting:
        return Reply(400, {"error": "invalid_request", "error_description": "Identity not found"})
    tenant, identity = fitting[0]
    now = int(time.time())
    claims = {
        "aud": query.get("resource", ""),
        "iss": f"{AUTHORITY}/{tenant.directory_id}/v2.0",
        "sub": identity["principal_id"],
        "iat": now,
        "exp": now + _IDENTITY_TOKEN_SECONDS,
    }
    token = jwt.encode(claims, _KEY, algorithm="RS256")
    answer = {"access_token": token, "token_type": "Bearer", "expires_in": str(_IDENTITY_TOKEN_SECONDS)}
    return Reply(200, {**answer, "client_id": identity["client_id"], "resource": query.get("resource", "")})
