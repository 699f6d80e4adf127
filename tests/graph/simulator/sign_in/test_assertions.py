"""Signing in without a secret: a token of the platform, and one of the machine's identity, trusted to the letter."""

import time

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from graph.auth.client_assertions import AUDIENCES, FederatedTokenFile, ManagedIdentity
from graph.auth.clouds import Cloud
from graph.errors import SignInFailed
from tests.graph.auth.key_files import key_pem, new_key
from tests.graph.simulator.sign_in.conftest import FIRST, HOME

ISSUER, SUBJECT = "https://oidc.example.com/cluster", "system:serviceaccount:tenantkeep:worker"
AUDIENCE = AUDIENCES[Cloud.GLOBAL]
KEY, OTHER_KEY = new_key(), new_key()


def platform_token(file, key=KEY, **changes):
    claims = {"iss": ISSUER, "sub": SUBJECT, "aud": AUDIENCE, "exp": time.time() + 600} | changes
    file.write_text(jwt.encode(claims, key_pem(key), algorithm="RS256"))


def test_platform_token_is_exchanged_where_issuer_subject_and_audience_are_the_same(directories, sign_in, tmp_path):
    public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    record = {"issuer": ISSUER, "subject": SUBJECT, "audiences": [AUDIENCE], "key": public}
    directories[FIRST].change(federated=[record], permissions=["Policy.Read.All"])
    file = tmp_path / "token"
    held = sign_in(client_id=FIRST, credential=FederatedTokenFile(str(file)))
    platform_token(file)
    assert held.token()
    assert held.roles() == {"Policy.Read.All"}
    for wrong in (
        {"sub": SUBJECT.upper()},
        {"iss": ISSUER + "/"},
        {"aud": "api://another"},
        {"exp": time.time() - 600},
        {"key": OTHER_KEY},
    ):
        platform_token(file, **wrong)
        with pytest.raises(SignInFailed) as refused:
            held.token(fresh=True)
        assert refused.value.code == "federation_unknown", wrong
    platform_token(file)
    assert held.token(fresh=True), "the file is read anew"


def test_token_of_the_machines_identity_is_exchanged(simulator, directories, sign_in):
    identity = {"client_id": "an identity", "principal_id": "its principal"}
    issuer = f"https://login.microsoftonline.com/{HOME}/v2.0"
    directories[HOME].change(identities=[identity])
    record = {"issuer": issuer, "subject": "its principal", "audiences": [AUDIENCE]}
    directories[FIRST].change(federated=[record])
    for named in ("", "an identity"):
        assert sign_in(client_id=FIRST, credential=ManagedIdentity(simulator, AUDIENCE, named)).token()
    with pytest.raises(SignInFailed, match="not the one that was named"):
        sign_in(client_id=FIRST, credential=ManagedIdentity(simulator, AUDIENCE, "another")).token()
    directories[HOME].change(identities=[])
