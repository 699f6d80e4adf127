"""The folder of a tenant in a repository: what is there, what a set makes of it, and the trees that say so.

Whatever others put beside our files stays. A file goes when its policy is gone: not when a set did not read it.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from dulwich.object_store import BaseObjectStore
from dulwich.objects import Blob, ObjectID, ShaFile, Tree

from actors.copies.git.messages import Counts
from actors.copies.git.safe_names import mark_in

FILE, FOLDER = 0o100644, 0o040000
TENANT_FILE = b"tenant.json"
README = b"README.md"
ABOUT = b"""# Policies, as Tenantkeep backed them up

One folder for each tenant, named by its directory id (`tenant.json` in it says whose), with a folder for each policy
type and a file for each policy. One commit for each backup set.

This is for reading and review. Secrets are masked, and nothing here brings a policy or an installation back: that is
what backup sets and sealed copies are for. Whatever is changed in these files is written over by the next backup.
"""


@dataclass(frozen=True)
class RenderedFile:
    folder: str
    name: str
    blob: Blob
    graph_id: str


@dataclass(frozen=True)
class SetFiles:
    """A set's word on a tenant's files: those that it has, and of whom it knows that they are gone.

    `whole`: the folders of policy types that it listed whole. `unread`: marks of policies there that it could not read,
    and of so many (`unopened`) that cannot be opened here.
    """

    tenant_file: Blob
    files: Collection[RenderedFile]
    whole: Collection[str]
    unread: Collection[str] = ()
    unopened: int = 0


@dataclass
class FolderChange:
    """A tree that comes of a set, what has to be sent for it, and what it is about."""

    tree: Tree
    counts: Counts
    # Ids of the policies in Graph whose files are others; of removed ones nobody needs to know.
    graph_ids: set[str]
    objects: dict[ObjectID, ShaFile] = field(default_factory=dict)


def apply(store: BaseObjectStore, root_id: ObjectID | None, folder: str, given: SetFiles) -> FolderChange:
    """Return what the set makes of a tree. `root_id`: None where nothing was ever committed."""
    root = _tree(store, root_id)
    objects: dict[ObjectID, ShaFile] = {}
    if root_id is None:
        _put(root, README, Blob.from_string(ABOUT), objects)
    tenant = _tree(store, _folder_id(root, folder))
    counts, graph_ids = _apply_types(store, tenant, given, objects)
    _put(tenant, TENANT_FILE, given.tenant_file, objects)
    _put_folder(root, folder, tenant, objects)
    objects[root.id] = root
    return FolderChange(root, counts, graph_ids, objects)


def _apply_types(
    store: BaseObjectStore, tenant: Tree, given: SetFiles, objects: dict[ObjectID, ShaFile]
) -> tuple[Counts, set[str]]:
    new: dict[str, dict[str, RenderedFile]] = {}
    for file in given.files:
        new.setdefault(file.folder, {})[mark_in(file.name) or ""] = file
    added = changed = removed = 0
    graph_ids: set[str] = set()
    for folder in sorted(new.keys() | set(given.whole)):
        tree = _tree(store, _folder_id(tenant, folder))
        old, files = dict(_own_files(tree)), new.get(folder, {})
        for mark, file in files.items():
            places = old.get(mark, {})
            if places != {file.name: file.blob.id}:
                added, changed = added + (not places), changed + bool(places)
                graph_ids.add(file.graph_id)
            _remove(tree, places)
            _put(tree, file.name.encode(), file.blob, objects if file.blob.id not in places.values() else {})
        gone = old.keys() - files.keys() - set(given.unread) if folder in given.whole else set()
        for mark in gone:
            removed += 1
            _remove(tree, old[mark])
        _put_folder(tenant, folder, tree, objects)
    return Counts(added, changed, removed), graph_ids


def _own_files(tree: Tree) -> Iterator[tuple[str, dict[str, ObjectID]]]:
    """Yield (mark, {name: id}) of the files that are ours. A policy has one; whoever copied one made two."""
    found: dict[str, dict[str, ObjectID]] = {}
    for entry in tree.items():
        name = entry.path.decode("utf-8", "replace")
        if (mark := mark_in(name)) and entry.mode != FOLDER and name.encode() == entry.path:
            found.setdefault(mark, {})[name] = entry.sha
    yield from found.items()


def _remove(tree: Tree, names: Mapping[str, ObjectID]) -> None:
    for name in names:
        del tree[name.encode()]


def _tree(store: BaseObjectStore, tree_id: ObjectID | None) -> Tree:
    if tree_id is None:
        return Tree()
    # Another object than what is in the store, which may hand the same one out again.
    found = store[tree_id].copy()
    return found if isinstance(found, Tree) else Tree()


def _folder_id(tree: Tree, name: str) -> ObjectID | None:
    if name.encode() not in tree:
        return None
    mode, object_id = tree[name.encode()]
    return object_id if mode == FOLDER else None


def _put(tree: Tree, name: bytes, blob: Blob, objects: dict[ObjectID, ShaFile]) -> None:
    if name in tree and tree[name] == (FILE, blob.id):
        return
    tree[name] = (FILE, blob.id)
    objects[blob.id] = blob


def _put_folder(parent: Tree, name: str, tree: Tree, objects: dict[ObjectID, ShaFile]) -> None:
    key = name.encode()
    if not len(tree):
        if _folder_id(parent, name) is not None:
            del parent[key]
    elif key not in parent or parent[key] != (FOLDER, tree.id):
        parent[key] = (FOLDER, tree.id)
        objects[tree.id] = tree
