"""The order in which a transaction takes rows: who keeps to it never waits for somebody who waits for it.

A transaction takes its rows table by table in this order, by writing to them or with `db.database.lock`; of one table
in rising order of their ids, the whole run before its parts. Only reading takes nothing, and neither does making a row
that nobody has seen. What is a transaction by itself (a heartbeat, a mark as read) needs no place here.
tests/locks.py watches the tests' transactions for it.
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
WITHIN = (RunItem, RestoreItem, RestoreRequester, Write, Listing, RunAnswer, Upload, UploadChunk)
