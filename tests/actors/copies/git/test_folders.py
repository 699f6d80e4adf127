from dulwich.object_store import MemoryObjectStore
from dulwich.objects import Blob, Tree

from actors.copies.git.folders import FILE, FOLDER, RenderedFile, SetFiles, apply
from actors.copies.git.messages import Counts
from actors.copies.git.safe_names import file_name, mark_of


def given(names, whole=("types",), unread=(), text=""):
    files = [RenderedFile("types", file_name(name, graph_id), Blob.from_string(f"{name}{text}".encode()), graph_id)
             for graph_id, name in names.items()]  # fmt: skip
    return SetFiles(Blob.from_string(b"{}"), files, whole, [mark_of(graph_id) for graph_id in unread])


def committed(store, tree_id, *more):
    change = apply(store, tree_id, "tenant", *more)
    store.add_objects([(each, None) for each in change.objects.values()])
    return change


def test_files_come_change_move_and_go_one_each_and_nothing_else_is_sent_or_lost():
    store = MemoryObjectStore()
    first = committed(store, None, given({"a": "A", "b": "B", "c": "C"}))
    assert first.counts == Counts(3, 0, 0)
    assert b"README.md" in first.tree
    again = committed(store, first.tree.id, given({"a": "A", "b": "B", "c": "C"}))
    assert (again.tree.id, again.counts, set(again.objects)) == (first.tree.id, Counts(0, 0, 0), {first.tree.id})
    # “b” is renamed, “c” could not be read, “a” is gone, and somebody made a copy of a file.
    types = store[store[first.tree[b"tenant"][1]][b"types"][1]].copy()
    types[b"A " + mark_of("a").encode() + b".json"], types[b"copy " + mark_of("b").encode() + b".json"] = (
        types[file_name("A", "a").encode()], types[file_name("B", "b").encode()]
    )  # fmt: skip
    tenant = store[first.tree[b"tenant"][1]].copy()
    tenant[b"types"] = (FOLDER, types.id)
    root = first.tree.copy()
    root[b"tenant"] = (FOLDER, tenant.id)
    store.add_objects([(each, None) for each in (types, tenant, root)])
    second = committed(store, root.id, given({"b": "B2", "d": "D"}, unread=["c"]))
    assert (second.counts, second.graph_ids) == (Counts(1, 1, 1), {"b", "d"})
    left = store[store[second.tree[b"tenant"][1]][b"types"][1]]
    assert {entry.path.decode()[:2].strip() for entry in left.items()} == {"B2", "C", "D"}
    # Of a type that was not listed whole, nothing goes.
    third = committed(store, second.tree.id, given({"b": "B2"}, whole=()))
    assert third.counts == Counts(0, 0, 0)
    # The last one takes its folder along; a file in the place of a folder makes room.
    empty = committed(store, second.tree.id, given({}))
    assert list(store[empty.tree[b"tenant"][1]]) == [b"tenant.json"]
    taken = Tree()
    taken[b"tenant"] = (FILE, Blob.from_string(b"x").id)
    store.add_objects([(taken, None)])
    assert committed(store, taken.id, given({"a": "A"})).counts == Counts(1, 0, 0)
