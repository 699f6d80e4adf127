"""The order in which a transaction takes rows, so that no two wait for each other (docs/decisions/0015-lock-order.md).

A transaction takes its rows table by table in this order, by writing to them or with `db.database.lock_rows`; of one
table in rising order of their ids, a parent run before its child runs. Reading takes no row, and neither does making
one that nobody has seen. An act that is a transaction by itself (a heartbeat, a notification marked as read) needs no
place here. tests/support/lock_watch.py watches the tests' transactions for it.
"""

from db.models import (
    AuditHead,
    BackupSet,
    Content,
    Coverage,
    Credential,
    DirectoryName,
    EntraToken,
    Expiry,
    Listing,
    Manifest,
    Mapping,
    Membership,
    NewTenantDefaults,
    Notification,
    Passkey,
    Policy,
    RecoveryCode,
    Restore,
    RestoreItem,
    RestoreRequester,
    RuleChange,
    Run,
    RunAnswer,
    RunItem,
    Schedule,
    Session,
    Snapshot,
    Tenant,
    TenantTag,
    Upload,
    UploadChunk,
    User,
    Write,
)

ORDER = (
    User,
    RecoveryCode,
    Passkey,
    EntraToken,
    Session,
    Membership,
    Schedule,
    Tenant,
    TenantTag,
    NewTenantDefaults,
    RuleChange,
    Credential,
    Restore,
    Run,
    BackupSet,
    Manifest,
    Coverage,
    Policy,
    Snapshot,
    Content,
    Mapping,
    DirectoryName,
    Expiry,
    Notification,
    # The one row that everybody's transactions have in common: db.audit.audit takes it just before the commit.
    AuditHead,
)
# Written by whoever has taken the row that they belong to, their run's or their restore's: at any place after that.
LOCKED_BY_OWNER = (RunItem, RestoreItem, RestoreRequester, Write, Listing, RunAnswer, Upload, UploadChunk)
