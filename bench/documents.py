"""Costs of a document of 900 policies in each format: seconds, memory above an idle worker's, and size.

`python -m bench.documents [POLICIES]`. Each in a process of its own, so that its peak is its own.
"""

import base64
import subprocess
import sys
import tempfile
import time

import config
from actors.documents import making
from actors.documents.options import DocumentOptions
from actors.process import startup
from bench.uploads import peak
from db import migrate
from db.audit.audit import SYSTEM
from db.database import database
from db.documents import documents
from db.models import PolicyDocument, Tenant
from db.policies import policies
from db.runs import claims
from db.runs.run_items import NewRunItem
from db.states import DocumentFormat, RunKind
from tests.support.captures import capture_by_hand
from tests.support.documents import GROUP, assigned_to
from tests.support.simulated_tenant import catalog_policy

POLICIES, SETTINGS = 900, 30


def use(folder: str) -> None:
    # One key for all processes: tests.support makes another one in each.
    key = base64.urlsafe_b64encode(b"k" * 32).decode()
    config.use({"TENANTKEEP_DATABASE_URL": f"sqlite:///{folder}/bench.db", "TENANTKEEP_ENCRYPTION_KEYS": key})
    startup.bind(config.settings())


def fill(count: int) -> None:
    """Capture policies as large as those of a settings catalog."""
    migrate.migrate()
    tenant = Tenant.create(name="Bench", directory_id="d", client_id="c")
    listed = [
        {"graph_id": f"{n:08}-0000-4000-8000-000000000000", "name": f"Policy {n}", "odata_type": None,
         "platform": "windows10", "is_built_in": False, "modified_at": None}
        for n in range(count)
    ]  # fmt: skip
    policies.record_listing(tenant, "configurationPolicies", listed)
    with database.atomic():
        for policy in policies.of_types(tenant, ["configurationPolicies"]):
            body = catalog_policy(policy.graph_id, policy.name, SETTINGS)
            capture_by_hand(policy, SYSTEM, body, [assigned_to()], {GROUP: "SG-All"})


def make(form: DocumentFormat) -> None:
    tenant = Tenant.get()
    wishes = DocumentOptions(form).as_json()
    started = documents.start(tenant, wishes, "Bench", f"bench:{form}", NewRunItem("document", "Bench"), SYSTEM)
    claim = claims.take_claim(started.run.id, RunKind.DOCUMENT)
    assert claim
    # What a worker has loaded before it makes its first document.
    before, began = peak(), time.monotonic()
    document = documents.find_of_run(started.run)
    assert document
    count, file = making.write(claim, document)
    file.finish(count)
    seconds, made = time.monotonic() - began, PolicyDocument.get(PolicyDocument.format == form)
    print(f"| {form} | {count} | {seconds:.1f} s | {peak() - before} MB more | {made.size / 1e6:.1f} MB |", flush=True)


def main(count: int) -> None:
    with tempfile.TemporaryDirectory(prefix="tenantkeep-bench-") as folder:
        use(folder)
        with database.connection_context():
            fill(count)
        print("| format | policies | took | memory | size |\n| -- | -- | -- | -- | -- |", flush=True)
        for form in DocumentFormat:
            subprocess.run([sys.executable, "-m", "bench.documents", folder, form], check=True)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        use(sys.argv[1])
        with database.connection_context():
            make(DocumentFormat(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else POLICIES)
