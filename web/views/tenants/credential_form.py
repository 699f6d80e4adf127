"""The form in which somebody gives a credential: a secret, a certificate, or a kind that holds no secret."""

from datetime import datetime

from flask import request

import actors.tenants.credential_change
from actors.tenants.credential_change import SECRETLESS, NewCredential
from db.errors import Invalid
from db.states import CredentialKind


def read() -> NewCredential:
    """Read the credential that was given. Raises Invalid."""
    kind = request.form.get("kind", "")
    if kind in SECRETLESS:
        identity = request.form.get("identity_client_id", "")[:100]
        return actors.tenants.credential_change.without_secret(CredentialKind(kind), identity)
    file = request.files.get("certificate")
    if file and file.filename:
        return actors.tenants.credential_change.parse_certificate(file.read(), request.form.get("passphrase") or None)
    return actors.tenants.credential_change.parse_secret(
        request.form.get("secret", ""), _last_day(request.form.get("expires", ""))
    )


def _last_day(text: str) -> datetime | None:
    if not text.strip():
        return None
    try:
        return datetime.fromisoformat(text.strip()[:10])
    except ValueError as e:
        raise Invalid("Give the day on which the secret ends as 2028-06-30, or leave it empty.") from e
