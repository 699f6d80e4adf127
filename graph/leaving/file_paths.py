"""Paths of files named after policies: a name is anybody's text, and no two policies get one path."""

import re
import unicodedata

# Most file systems take 255 bytes; a number, an id and the ending have to fit as well.
MAX_NAME_BYTES = 180
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
# What Windows refuses in a file's name, or takes for a device.
_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')
_DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[\d¹²³]|lpt[\d¹²³]) *(\..*)?", re.IGNORECASE)


def file_stem(name: str, replacement: str) -> str:
    """Return a file's name without its ending: what no system takes becomes `replacement`."""
    text = _FORBIDDEN.sub(replacement, _CONTROL.sub("", name)).rstrip(".").lstrip()
    text = text.encode()[:MAX_NAME_BYTES].decode(errors="ignore")
    if not text.strip(" ."):
        return "_"
    return f"_{text}" if _DEVICES.fullmatch(text) or text.startswith(".") else text


class FilePaths:
    """Hands out paths that are unique whatever the case. The second policy of one name gets its id behind it."""

    def __init__(self, before_id: str) -> None:
        self._before_id = before_id
        self._taken: set[str] = set()

    def claim(self, folder: str, stem: str, ending: str, graph_id: str) -> str:
        path, number = f"{folder}/{stem}{ending}", 1
        while (folded := _folded(path)) in self._taken:
            again = "" if number == 1 else f" ({number})"
            path = f"{folder}/{stem}{self._before_id}{file_stem(graph_id, '_')}{again}{ending}"
            number += 1
        self._taken.add(folded)
        return path


def _folded(path: str) -> str:
    """Return the same text for paths that some system holds for one: by case, or by how a letter is composed."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
