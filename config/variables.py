"""The texts of settings: from the environment, or from the file that `…_FILE` names, as containers get secrets."""

from collections.abc import Mapping
from pathlib import Path

FILE_SUFFIX = "_FILE"
MOST_BYTES = 64 * 1024


def is_from_file(name: str, environ: Mapping[str, str]) -> bool:
    return bool(environ.get(name + FILE_SUFFIX))


def read_text(name: str, environ: Mapping[str, str]) -> str:
    """Return the text of a variable; "" where neither it nor its file is given.

    Raises ValueError that shows neither the text nor the file's name, which may be a secret put in the wrong place.
    """
    text, file = environ.get(name, ""), environ.get(name + FILE_SUFFIX, "")
    if not file:
        return text
    if text:
        raise ValueError(f"is given twice, by itself and by {name}{FILE_SUFFIX}. Take one of them away")
    return _read_file(Path(file), f"{name}{FILE_SUFFIX}")


def _read_file(path: Path, variable: str) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        text = content.decode().removesuffix("\n").removesuffix("\r")
    except (OSError, ValueError) as e:
        reason = getattr(e, "strerror", None) or "It is no text"
        raise ValueError(
            f"cannot be read from the file that {variable} names: {reason}. Name a file that this process may read"
        ) from None
    if not text or len(content) > MOST_BYTES or "\n" in text or "\0" in text:
        raise ValueError(f"must be one line in the file that {variable} names, and no more")
    return text
