"""A set as one commit: made upon whatever is there, and known by its last line, so that it is never made twice."""

import logging
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from dulwich.objects import Blob, Commit, ObjectID

from actors.copies.git import authors, documents, folders, messages
from actors.copies.git.authors import TENANTKEEP
from actors.copies.git.folders import RenderedFile, SetFiles
from actors.copies.git.remote import Remote, Tip
from actors.copies.git.safe_names import file_name, folder_name, mark_of
from actors.copies.stores.store import StoreDamaged, StoreError, StoreRefused
from db.backups import manifests
from db.copies import commit_facts, copied_sets
from db.copies.signer import Signer
from db.documents import document_policies
from db.documents.document_policies import SNAPSHOTS_AT_ONCE
from db.encryption import SealError
from db.models import BackupSet, CopiedSet, CopyStore
from db.sql.value_lists import batched
from db.states import CopyState, ItemState, Offer

logger = logging.getLogger(__name__)

# As far back a commit of this set is looked for; of one that was once tried, farther: others may have followed it.
LOOK_BACK, LOOK_BACK_FOR_TRIED = 50, 5000
ATTEMPTS = 5
# Of the newest that were pushed, so many are looked for each day.
SETS_LOOKED_FOR = 200
CLASH = "Another installation keeps its commits on this branch. Give another branch (?branch=…), or repository."


def push_set(signer: Signer, copied: CopiedSet, credentials: Mapping[str, str], before_each: Callable[[], None]) -> int:
    """Bring the set into its repository, unless it is there. Return how many files it has. Raises StoreError.

    `before_each` is called before each attempt, and raises where the work is no longer ours.
    """
    given = _files_of(signer, copied)
    remote = Remote(copied.store.address, credentials, copied.store.bytes_per_second)
    try:
        for _ in range(ATTEMPTS):
            before_each()
            if _push_once(signer, copied, remote, given):
                return len(given.files)
    finally:
        remote.close()
    raise StoreError("Others push to this branch all the time: ours came too late each time.")


def _push_once(signer: Signer, copied: CopiedSet, remote: Remote, given: SetFiles) -> bool:
    """Return False where another commit came in between."""
    with remote.look(LOOK_BACK_FOR_TRIED if copied.manifest_checksum else LOOK_BACK) as tip:
        there = _find(signer.installation, copied, tip)
        if there is not None and _has_files(tip, there, copied, given):
            copied_sets.note_manifest(copied, there.id.decode(), given.unopened)
            return True
        change = folders.apply(tip.objects, tip.tree_id, folder_name(copied.directory_id), given)
    commit = _commit(signer, copied, change, tip.commit_id)
    # Known before it is sent: whoever takes the work over finds it.
    copied_sets.note_manifest(copied, commit.id.decode(), given.unopened)
    if not remote.push(tip, commit, change.objects):
        return False
    policies = {each.blob.id for each in given.files}  # not the tenant's own file, nor what the folders hold beside
    sent = [each.raw_length() for key, each in change.objects.items() if key in policies]
    copied_sets.count_pushed(copied, len(sent), sum(sent))
    return True


def _find(installation: str, copied: CopiedSet, tip: Tip) -> Commit | None:
    """Return the commit in the branch that says it is the set's. Raises StoreRefused for another installation's."""
    for commit in tip.history():
        found = messages.set_of(commit.message)
        if found is not None and found[0] != installation:
            raise StoreRefused(CLASH)
        if found == (installation, copied.set_number):
            return commit
    return None


def _has_files(tip: Tip, commit: Commit, copied: CopiedSet, given: SetFiles) -> bool:
    """Tell whether a commit holds the set's files as they are: anybody may write our last line under their own."""
    change = folders.apply(tip.objects, commit.tree, folder_name(copied.directory_id), given)
    return bool(change.tree.id == commit.tree)


def _commit(signer: Signer, copied: CopiedSet, change: folders.FolderChange, parent: ObjectID | None) -> Commit:
    people = _authors(copied, change.graph_ids)
    author, others = (people[0], people[1:]) if people else (TENANTKEEP, [])
    commit = Commit()
    commit.tree, commit.parents = change.tree.id, [parent] if parent else []
    commit.author, commit.committer = str(author).encode(), str(TENANTKEEP).encode()
    # The set's own time in both: made again, upon the same commit, it is the same one.
    commit.author_time = commit.commit_time = int(copied.set_at.replace(tzinfo=UTC).timestamp())
    commit.author_timezone = commit.commit_timezone = 0
    commit.encoding = b"UTF-8"
    text = messages.message(signer.installation, copied, copied.backup_set, change.counts, others)
    commit.message = text.encode("utf-8", "replace")
    return commit


def _authors(copied: CopiedSet, graph_ids: set[str]) -> list[authors.CommitAuthor]:
    """Return who made what this commit changes. Of the first one of a tenant, which tells of all its past: nobody."""
    before = copied_sets.newest_before(copied)
    if before is None or not graph_ids:
        return []
    since: datetime = before.backup_set.completed_at if before.backup_set else before.set_at
    return authors.authors_of(copied.tenant, graph_ids, since, copied.backup_set.completed_at)


def _files_of(signer: Signer, copied: CopiedSet) -> SetFiles:
    """Make the files of the set. Those of policies that cannot be opened here stay as they were."""
    backup_set: BackupSet = copied.backup_set
    files, unopened = [], set()
    for ids in batched(manifests.snapshot_ids(backup_set.manifest), SNAPSHOTS_AT_ONCE):
        for snapshot in document_policies.load(ids):
            policy = snapshot.policy
            try:
                text = documents.policy_file(signer, copied.directory_id, snapshot)
            except (SealError, zlib.error):
                logger.exception("a content cannot be opened: its file stays", extra={"snapshot": snapshot.id})
                unopened.add(mark_of(policy.graph_id))
                continue
            name = file_name(snapshot.name, policy.graph_id)
            files.append(RenderedFile(folder_name(policy.policy_type), name, Blob.from_string(text), policy.graph_id))
    tenant = {"directoryId": copied.directory_id, "name": copied.tenant_name, "cloud": copied.tenant.cloud}
    tenant_file = Blob.from_string(documents.canonical(tenant))
    return SetFiles(tenant_file, files, _whole_folders(backup_set), _unread(backup_set) | unopened, len(unopened))


def _whole_folders(backup_set: BackupSet) -> set[str]:
    """Return the folders of which the set knows all policies: whatever it does not have there is gone."""
    if backup_set.selection.get("policies"):
        return set()
    rows = backup_set.types.items()
    # A row without an offer is of a type that was never listed: single policies of it were read.
    return {
        folder_name(key) for key, row in rows if row["state"] == ItemState.DONE and row.get("offer") == Offer.OFFERED
    }


def _unread(backup_set: BackupSet) -> set[str]:
    ids = {problem["policy"] for problem in backup_set.problems if problem["policy"] is not None}
    return {mark_of(graph_id) for graph_id in commit_facts.graph_ids_of(ids)}


def check(signer: Signer, store: CopyStore, credentials: Mapping[str, str]) -> None:
    """Find out whether the repository may be read and pushed to, and is nobody else's. Raises StoreError."""
    remote = Remote(store.address, credentials)
    try:
        with remote.look(LOOK_BACK) as tip:
            for commit in tip.history():
                found = messages.set_of(commit.message)
                if found is not None and found[0] != signer.installation:
                    raise StoreRefused(CLASH)
                if found is not None:
                    break
        remote.check_push()
        remote.pack_together()
    finally:
        remote.close()


def verify(signer: Signer, store: CopyStore, credentials: Mapping[str, str]) -> None:
    """Look whether the newest sets that were pushed are still in the branch. Raises StoreError.

    Those that are not are forgotten, once told; the newest of each tenant is pushed again, upon what is there now.
    """
    pushed = copied_sets.of_store(store, SETS_LOOKED_FOR, CopyState.COMPLETE)
    # One whose tenant had a newer set there already has no commit.
    with_commit = [copied for copied in pushed if copied.manifest_checksum]
    if not with_commit:
        return
    remote = Remote(store.address, credentials)
    try:
        with remote.look(LOOK_BACK_FOR_TRIED) as tip:
            there = {(messages.set_of(commit.message), commit.id.decode()) for commit in tip.history()}
    finally:
        remote.close()
    own = signer.installation
    lost = [row for row in with_commit if ((own, row.set_number), row.manifest_checksum) not in there]
    if not lost:
        return
    newest: dict[str, CopiedSet] = {}
    for copied in pushed:
        newest.setdefault(copied.directory_id, copied)
    for copied in lost:
        copied_sets.lose(copied, again=newest[copied.directory_id] == copied)
    raise StoreDamaged(
        f"The branch has lost {len(lost)} commit(s) of ours: somebody wrote its history anew, or removed it. Backups "
        "go on upon what is there."
    )
