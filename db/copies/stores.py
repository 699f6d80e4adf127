"""Stores of copies: an admin adds them, says how long copies are kept, and takes them away. What is in them stays."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from db.audit import audit
from db.audit.audit import Action, Actor
from db.clock import utcnow
from db.copies import copied_sets, erasures, recovery_keys
from db.database import database
from db.encryption import keyring
from db.errors import Invalid
from db.models import CopyStore
from db.states import LockState

MAX_STORES = 20
MIN_RATE = 16 * 1024
MAX_DAYS = 3650
MAX_ADDRESS = 1000
# All lines together are at most as long as the column.
DAMAGE_LINES = 5
DAMAGE_LINE = 230
MORE_DAMAGE = "More was lost or changed there since. The worker's log names it."
# Kind -> what its credentials may be named; and what may stand behind ? in its address.
CREDENTIALS = {
    "s3": {"access_key", "secret_key", "session_token"},
    "azure": {"account_key", "sas_token"},
    "sftp": {"password", "private_key", "passphrase"},
    "file": set(),
    "git": {"username", "token", "password", "private_key", "passphrase"},
}
OPTIONS = {
    "s3": {"endpoint", "region"},
    "azure": {"endpoint"},
    "sftp": {"host_key"},
    "file": set(),
    "git": {"branch", "host_key"},
}
GIT = "git"
NOT_FOR_RECOVERY = (
    "A Git store is for reading and review: it is not sealed, has no secrets, and brings nothing back. Name a store of "
    "another kind."
)
# How long we remember what was pushed to a repository, which keeps it for good.
REMEMBERED_DAYS = 90
GIT_SCHEMES = {"git+file", "git+https", "git+http", "git+ssh"}
# Of those that git-check-ref-format(1) allows, the ones that need no quotes.
_BRANCH = re.compile(r"(?!.*(//|\.\.|/\.|\.lock(/|$)|/$|\.$))[A-Za-z0-9_][A-Za-z0-9._/-]{0,99}")
_REGION = re.compile(r"[A-Za-z0-9-]{0,63}")
_HOST_KEY = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")


def seal_owner(store: CopyStore) -> str:
    return f"copy-store:{store.id}"


def open_credentials(store: CopyStore) -> dict[str, str]:
    """Return the credentials of the store, for whoever opens it; never for a page. Raises SealError."""
    values: dict[str, str] = json.loads(keyring().unseal(store.sealed, seal_owner(store)))
    return values


def add(
    name: str,
    address: str,
    credentials: Mapping[str, str],
    actor: Actor,
    *,
    copy_days: int,
    needs_lock: bool,
    recipients: Sequence[str],
    bytes_per_second: int | None = None,
) -> CopyStore:
    """Add a store, to be looked at at once. Raises Invalid."""
    if CopyStore.select().count() >= MAX_STORES:
        raise Invalid(f"There are {MAX_STORES} stores already. Remove one first.")
    facts = {"name": _checked_name(name), "address": checked_address(address)}
    facts |= _checked_numbers(copy_days, bytes_per_second)
    _require_free_place(facts["address"])
    given = checked_credentials(address, credentials)
    is_sealed = not is_git(address)
    if recipients and not is_sealed:
        raise Invalid("What is in a Git store is not sealed: give no recovery key.")
    if is_sealed and not recipients:
        raise Invalid("Give a recovery key (age1…), to which everything there is sealed: without one nobody opens it.")
    with database.atomic():
        recovery_keys.register(recipients, actor)
        store = CopyStore.create(
            **facts,
            recipients=list(recipients),
            needs_lock=needs_lock and is_sealed,
            sealed=b"",
            created_by=actor.user_id,
            tend_at=utcnow(),
            is_check_asked=True,
        )
        # Sealed with its own row as owner: the row has to be there first.
        _seal(store, given)
        copied_sets.await_newest(store)
        audit.record(Action.COPY_STORE_ADDED, actor, _subject(store), **_facts(store))
    return store


def change(
    store: CopyStore,
    actor: Actor,
    *,
    name: str,
    copy_days: int,
    needs_lock: bool,
    bytes_per_second: int | None,
    is_active: bool,
    credentials: Mapping[str, str] | None = None,
) -> None:
    """Change the store; its address never changes. Credentials stay where none are given. Raises Invalid."""
    columns = {"name": _checked_name(name, but=store.id), **_checked_numbers(copy_days, bytes_per_second)}
    columns |= {"needs_lock": needs_lock and not is_git(store.address), "is_active": is_active}
    changed = [column for column, value in columns.items() if value != getattr(store, column)]
    given = checked_credentials(store.address, credentials) if credentials else None
    if not changed and given is None:
        return
    # Whoever switches a store on wants it pushed to from here: docs/decisions/0048-turns-at-stores.md.
    turn = ASKED["take_back"] if is_active and not store.is_active else {}
    with database.atomic():
        asked = CopyStore.update({**columns, **turn}, is_check_asked=True, tend_at=utcnow())
        asked.where(CopyStore.id == store.id).execute()
        if given is not None:
            _seal(store, given)
            changed.append("credentials")
        audit.record(Action.COPY_STORE_CHANGED, actor, _subject(store), changed=changed)


def remove(store: CopyStore, actor: Actor) -> None:
    """Forget the store. What is in it stays there, and locked as it is. Raises Invalid where some of it is to go."""
    waiting = erasures.of_store(store)
    if waiting:
        raise Invalid(
            f"The copies of {waiting[0].tenant_name} in it are to be deleted, which nobody would do any more. Wait for "
            "that, or take it back; then remove the store."
        )
    with database.atomic():
        CopyStore.delete().where(CopyStore.id == store.id).execute()
        audit.record(Action.COPY_STORE_REMOVED, actor, _subject(store), **_facts(store))


ASKED: Mapping[str, Mapping[str, Any]] = {
    "check": {"is_check_asked": True},
    "verify": {"is_verify_asked": True},
    "push": {"state_at": None},
    # The next look takes a turn (db/copies/turns.py).
    "take_back": {"turn": None, "overtaken_at": None},
    # With all contents looked at anew: what could not be opened here, and was passed over, may be mended.
    "seen": {"damage": None, "damaged_at": None, "unopened": None, "snapshots_to": None},
}


def ask(store: CopyStore, actor: Actor, what: str) -> None:
    """Ask for the lock and the connection to be checked ("check"), a sample read ("verify"), or all pushed ("push").

    "take_back": the store is to be ours again, and no longer that of another installation with our name. "seen":
    somebody has looked into what was lost or changed there.
    """
    with database.atomic():
        CopyStore.update(ASKED[what], tend_at=utcnow()).where(CopyStore.id == store.id).execute()
        if what == "push":
            copied_sets.try_now(store)
        audit.record(Action.COPY_STORE_ASKED, actor, _subject(store), what=what)


def all_stores() -> list[CopyStore]:
    return list(CopyStore.select().order_by(CopyStore.name, CopyStore.id))


def working() -> list[CopyStore]:
    """Return the stores that copies may be pushed to: switched on, looked at, ours, and locking what they should."""
    return [store for store in all_stores() if is_working(store)]


def is_working(store: CopyStore) -> bool:
    is_seen = store.checked_at is not None and store.lock_state != LockState.UNKNOWN
    is_ours = is_git(store.address) or (store.turn is not None and store.overtaken_at is None)
    return bool(store.is_active and is_seen and is_ours and (is_locking(store) or not store.needs_lock))


def is_locking(store: CopyStore) -> bool:
    return bool(store.lock_state == LockState.PROVEN)


def recipients_of(store: CopyStore) -> list[str]:
    """Return the public keys to seal to now, read anew from the database."""
    keys: list[str] = CopyStore.select(CopyStore.recipients).where(CopyStore.id == store.id).scalar() or []
    return keys


def record(store: CopyStore, **columns: Any) -> None:
    """Note what was found or done at the store."""
    CopyStore.update(columns).where(CopyStore.id == store.id).execute()
    for name, value in columns.items():
        setattr(store, name, value)


def record_error(store: CopyStore, sentence: str) -> None:
    record(store, error=sentence[:1000], failing_since=store.failing_since or utcnow())


def record_damage(store: CopyStore, sentence: str) -> None:
    """Note what was lost or changed at the store: it stays until somebody has looked into it, mended or not.

    Of much the first lines stay, and the newest.
    """
    with database.atomic():
        # Read anew: somebody may have looked into it since the look began.
        known = CopyStore.get_or_none(CopyStore.id == store.id) or store
        lines, line = damage_lines(known), sentence[:DAMAGE_LINE]
        if line not in lines:
            lines = [*lines, line] if len(lines) < DAMAGE_LINES else [*lines[: DAMAGE_LINES - 2], MORE_DAMAGE, line]
        record(store, damage="\n".join(lines), damaged_at=known.damaged_at or utcnow())


def damage_lines(store: CopyStore) -> list[str]:
    """Return what was lost or changed at the store, and nobody has looked into yet."""
    return (store.damage or "").splitlines()


def find_by_text(text: str) -> CopyStore:
    """Return the store of this name or number. Raises Invalid."""
    found = [store for store in all_stores() if text.casefold() in {store.name.casefold(), str(store.id)}]
    if len(found) != 1:
        raise Invalid(f"There is no store “{text}”. `tenantkeep copies list` names them.")
    return found[0]


def kind_of(address: str) -> str:
    scheme = urlsplit(address.strip()).scheme
    return GIT if scheme in GIT_SCHEMES else scheme


def is_git(address: str) -> bool:
    """Tell whether the store is a Git repository: for reading, unsealed, and no copy to recover from."""
    return kind_of(address) == GIT


def checked_address(address: str) -> str:
    """Return the address as it is kept. Raises Invalid, which says what an address looks like."""
    address = address.strip()
    if not address.isascii() or re.search(r"[\x00-\x20\x7f\\]", address) or len(address) > MAX_ADDRESS:
        raise Invalid("An address has no spaces and only ASCII characters; write others as %….")
    try:
        parts = urlsplit(address)
        options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
        _ = parts.port
    except ValueError:
        raise Invalid("This is no address. Write it as docs/copies.md shows.") from None
    kind = kind_of(address)
    if kind not in CREDENTIALS or parts.scheme == GIT:
        raise Invalid(
            "An address begins with s3://, azure://, sftp://, file:///, git+https://, git+ssh:// or git+file:///."
        )
    if parts.password is not None or parts.fragment or (parts.username and parts.scheme not in {"sftp", "git+ssh"}):
        raise Invalid("An address holds no password, and no # behind it. Give what signs in apart.")
    unknown = sorted(options.keys() - OPTIONS[kind])
    if unknown:
        raise Invalid(f"An address of {parts.scheme}:// has no “{unknown[0][:40]}”.")
    _check_parts(parts, options)
    return address


def _require_free_place(address: str) -> None:
    """Raises Invalid where another store is in the same place: each would delete what the other needs."""
    for store in all_stores():
        if _place_of(store.address) == _place_of(address):
            raise Invalid(
                f"The store “{store.name}” is at this address already. Change that one, or give another prefix."
            )


def _place_of(address: str) -> tuple[object, ...]:
    """Return what identifies a place, however its address is written."""
    parts = urlsplit(address)
    options = dict(parse_qsl(parts.query))
    segments = tuple(unquote(segment) for segment in parts.path.split("/") if segment)
    endpoint = options.get("endpoint", "").rstrip("/").lower()
    return parts.scheme, parts.netloc, segments, endpoint, options.get("branch")


def _check_parts(parts: Any, options: Mapping[str, str]) -> None:
    segments = [segment for segment in parts.path.split("/") if segment]
    if any(segment in {".", ".."} for segment in segments):
        raise Invalid("A path has no “..” in it.")
    if parts.scheme in {"file", "git+file"}:
        if parts.netloc or not segments:
            raise Invalid("A folder is named by its whole path: file:///mnt/copies.")
    elif not parts.hostname:
        raise Invalid("The address names no bucket, account or host.")
    if parts.scheme == "azure" and not segments:
        raise Invalid("Name the container behind the account: azure://account/container.")
    if parts.scheme in {"sftp", "git+ssh"} and not (
        parts.username and _HOST_KEY.fullmatch(options.get("host_key", ""))
    ):
        raise Invalid(
            f"Give user and host key: {parts.scheme}://user@host/path?host_key=SHA256:… (`ssh-keygen -lf` of the "
            "server's public key prints it; write + as %2B)."
        )
    if parts.scheme in GIT_SCHEMES:
        _check_git(parts, options, segments)
    if not _is_endpoint(options.get("endpoint", "https://x")):
        raise Invalid("An endpoint is the https address of the service, without user and password.")
    if "region" in options and not _REGION.fullmatch(options["region"]):
        raise Invalid("A region is named by letters, digits and “-”: eu-central-1.")


def _is_endpoint(text: str) -> bool:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in text


def _check_git(parts: Any, options: Mapping[str, str], segments: Sequence[str]) -> None:
    if not segments:
        raise Invalid("Name the repository: git+https://host/path/of/it.git.")
    if "branch" in options and not _BRANCH.fullmatch(options["branch"]):
        raise Invalid("This is no name of a branch. Letters, digits, “-”, “_”, “.” and “/” make one.")
    if "host_key" in options and parts.scheme != "git+ssh":
        raise Invalid("Only git+ssh:// has a host key.")
    if parts.scheme == "git+http" and parts.hostname not in {"127.0.0.1", "localhost", "::1"}:
        raise Invalid("Give the https address: over http anybody on the way reads the token, and the policies.")


def checked_credentials(address: str, credentials: Mapping[str, str]) -> dict[str, str]:
    """Return the credentials that a store of this address takes. Raises Invalid, which repeats none of them."""
    kind = kind_of(address)
    given = {name: value.strip("\r\n") for name, value in credentials.items() if value}
    unknown = sorted(given.keys() - CREDENTIALS[kind])
    if unknown:
        raise Invalid(f"{kind}:// is not signed in to with “{unknown[0][:40]}”.")
    wanted = {
        "s3": {"access_key", "secret_key"} <= given.keys(),
        "azure": len(given) == 1,
        "sftp": bool({"password", "private_key"} & given.keys()),
        "file": True,
        "git": _signs_in_to_git(urlsplit(address).scheme, given),
    }
    if not wanted[kind]:
        raise Invalid(
            {
                "s3": "Give access_key and secret_key.",
                "azure": "Give either account_key or sas_token.",
                "sftp": "Give a password or a private_key.",
                "git": "Give a token for git+https://, a private_key or password for git+ssh://, nothing for a folder.",
            }[kind]
        )
    return given


def _signs_in_to_git(scheme: str, given: Mapping[str, str]) -> bool:
    if scheme == "git+file":
        return not given
    if scheme == "git+ssh":
        return bool({"password", "private_key"} & given.keys()) and not {"username", "token"} & given.keys()
    # A repository behind one's own proxy may want nobody to sign in.
    return not given or (given.keys() <= {"username", "token"} and "token" in given)


def _seal(store: CopyStore, credentials: Mapping[str, str]) -> None:
    store.sealed = keyring().seal(json.dumps(dict(credentials)).encode(), seal_owner(store))
    store.save(only=[CopyStore.sealed])


def _checked_name(name: str, but: int | None = None) -> str:
    name = " ".join(name.split())
    if not name or len(name) > 80 or not name.isprintable():
        raise Invalid("Give the store a name of at most 80 characters.")
    if name.casefold() in {store.name.casefold() for store in all_stores() if store.id != but}:
        raise Invalid(f"There is a store “{name}” already.")
    return name


def _checked_numbers(copy_days: int, bytes_per_second: int | None) -> dict[str, Any]:
    if not 1 <= copy_days <= MAX_DAYS:
        raise Invalid(f"Copies are kept for 1 to {MAX_DAYS} days.")
    if bytes_per_second is not None and bytes_per_second < MIN_RATE:
        raise Invalid(f"A store gets at least {MIN_RATE} bytes a second.")
    return {"copy_days": copy_days, "bytes_per_second": bytes_per_second}


def _subject(store: CopyStore) -> str:
    return f"store of copies {store.name}"


def _facts(store: CopyStore) -> dict[str, Any]:
    return {"address": store.address, "copy_days": store.copy_days, "needs_lock": store.needs_lock}
