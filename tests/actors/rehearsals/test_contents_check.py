"""The check of one content: what does not open, cannot be read, or is another, each by its own word."""

import zlib
from types import SimpleNamespace

import pytest

from actors.rehearsals import contents_check
from db.encryption import keyring
from db.policies import snapshots
from graph.content import legacy_fingerprint
from graph.content.fingerprint import fingerprint
from graph.policy_types.table import POLICY_TYPES
from tests.support.simulated_tenant import catalog_policy

DOCUMENT = {"body": catalog_policy("1", "First"), "assignments": []}
CATALOG = POLICY_TYPES["configurationPolicies"]


def packed(text):
    return zlib.compress(text)


@pytest.mark.parametrize(("made", "code"), [
    (lambda: snapshots._seal_content(1, DOCUMENT, fingerprint(CATALOG, DOCUMENT)), None),
    # Captured before the rules of today: it is as whole as any.
    (lambda: snapshots._seal_content(1, DOCUMENT, legacy_fingerprint.fingerprint(CATALOG, DOCUMENT)), None),
    (lambda: snapshots._seal_content(1, DOCUMENT, "0" * 64), "fingerprint"),
    (lambda: (keyring().seal(packed(b"{"), snapshots.content_owner(1, "0" * 64)), 1), "damaged"),
    (lambda: (keyring().seal(packed(b"[]"), snapshots.content_owner(1, "0" * 64)), 1), "fingerprint"),
    (lambda: (keyring().seal(b"no zlib", snapshots.content_owner(1, "0" * 64)), 1), "damaged"),
    (lambda: (b"", 0), "sealed"),
    (lambda: (keyring().seal(packed(b"{}"), snapshots.content_owner(2, "0" * 64)), 1), "sealed"),
])  # fmt: skip
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_content_is_told_by_what_is_wrong_with_it(database, made, code):
    marks = {"0" * 64, fingerprint(CATALOG, DOCUMENT), legacy_fingerprint.fingerprint(CATALOG, DOCUMENT)}
    bytes_of, _ = made()
    found = {mark: contents_check.check_content(_snapshot(mark, bytes_of)) for mark in marks}
    codes = {finding.code if finding else None for finding in found.values()}
    assert code in codes
    assert codes <= {code, "sealed"}  # under any other fingerprint it does not even open


def _snapshot(mark, bytes_of):
    content = SimpleNamespace(tenant_id=1, fingerprint=mark, sealed=bytes_of)
    policy = SimpleNamespace(policy_type="configurationPolicies", graph_id="1")
    return SimpleNamespace(policy=policy, content=content, name="First")
