"""Documents in a test: a set with policies, and a document of it written into memory."""

import io
import struct
import zlib

from actors.documents import making
from actors.documents.options import DocumentOptions
from db.audit.audit import SYSTEM
from db.backups import manifests
from db.clock import utcnow
from db.imports import policy_imports
from db.imports.policy_imports import NewImportedPolicy
from db.models import BackupSet, Policy, PolicyImport
from db.policies import snapshots as stored
from db.runs import runs
from db.states import DocumentFormat, ItemState, Offer, RunKind, SetState
from graph.references.stand_ins import UNKNOWN_DIRECTORY, stand_in
from tests.support.captures import capture_by_hand

GROUP = "aaaaaaaa-0000-4000-8000-000000000001"
# Whatever a file's format takes for a mark, and what no file can hold.
HOSTILE = (
    '=HYPERLINK("https://evil.example","x")<script>alert(1)</script><img src=x onerror=alert(1)>'
    "[a](javascript:alert(1)) ![i](https://evil.example/i.png) https://evil.example www.evil.example | a\n"
    '# heading\n- item\n1. one\n===\n> quote\n```\n    code\n<a id="policy-1">\t&lt; \x00\x07\ud800\ufffe'
    "\u202etxt ]]> </w:t></w:r> {0} {name} %s $x$ @somebody *b* _i_ ~s~ \\ `c`"
)


def assigned_to(group=GROUP, kind="group"):
    target = {"@odata.type": f"#microsoft.graph.{kind}AssignmentTarget"}
    return {"id": f"{kind}{group}", "target": target | ({"groupId": group} if "roup" in kind else {})}


def keep_set(tenant, snapshots, **columns):
    """A whole backup set of these snapshots, ended now."""
    listed = {"state": str(ItemState.DONE), "listed": len(snapshots), "message": None, "offer": str(Offer.OFFERED)}
    usual = {"state": SetState.COMPLETE, "selection": {}, "types": {"configurationPolicies": listed}, "problems": []}
    manifest = manifests.save(tenant, [snapshot.id for snapshot in snapshots])
    return BackupSet.create(tenant=tenant, manifest=manifest, completed_at=utcnow(), **{**usual, **columns})


def captured_policies(tenant, *bodies, assignments=(), groups=None):
    """Snapshots of the tenant's first policies with these bodies."""
    mine = Policy.select().where(Policy.tenant == tenant).order_by(Policy.id)
    return [
        capture_by_hand(policy, SYSTEM, body, assignments=assignments, groups=groups)[1]
        for policy, body in zip(mine, bodies, strict=False)
    ]


def imported(tenant, **columns):
    """An import for the tenant, kept: a Wi-Fi profile with a secret, and a file that was left out."""
    body = {
        "displayName": "Wi-Fi",
        "preSharedKey": "hush~1",
        "@odata.type": "#microsoft.graph.windowsWifiConfiguration",
    }
    document = {"body": body, "assignments": [assigned_to()]}
    policy = NewImportedPolicy(
        "wifi.json", "intunemanagement", "deviceConfigurations", stand_in("deviceConfigurations", "Wi-Fi"), "Wi-Fi",
        stored.save_content(tenant.id, document, f"imported for {tenant.id}"), None, {"groups": {GROUP: "Pilot ring"}},
        [{"kind": "missing", "text": "It had no assignments {0}."}], [],
    )  # fmt: skip
    run = runs.start(tenant=tenant, kind=RunKind.IMPORT, dedupe_key=f"import for {tenant.id}", items=[], actor=SYSTEM)
    left_out = {"path": "notes/readme", "state": "left_out", "format": "", "why": "It is cut off."}
    usual = {
        "name": "Old export", "organisation": "Old tenant", "source_directory_id": UNKNOWN_DIRECTORY,
        "formats": ["intunemanagement"], "findings": [], "files": [left_out], "file_count": 2,
    }  # fmt: skip
    row = policy_imports.create(run.run, [policy], **{**usual, **columns})
    policy_imports.keep(row, row.name, SYSTEM)
    return PolicyImport.get_by_id(row.id)


def written(tenant, form=DocumentFormat.HTML, **wishes):
    """The bytes of a document of the tenant."""
    options = DocumentOptions(form, **wishes).checked()
    out = io.BytesIO()
    making.write_into(out, making.compose(tenant, options), options)
    return out.getvalue()


def text_of(tenant, form=DocumentFormat.MARKDOWN, **wishes):
    return written(tenant, form, **wishes).decode()


def png(width, height):
    """A whole picture in one colour."""

    def part(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\x00" + b"\x0a\x53\xa8" * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (part(b"IHDR", header), part(b"IDAT", zlib.compress(rows)), part(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
