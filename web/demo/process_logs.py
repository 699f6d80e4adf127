"""The demo's logs: one file per process, so that the terminal stays calm."""

from pathlib import Path
from typing import Any, TextIO


class LogFiles:
    """Honcho's printer: takes its messages, writes each process's lines to a file of its own."""

    width = 0  # Honcho sets it

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, TextIO] = {}
        # Who stopped, with what code, in order: the first is why a demo ended by itself.
        self.stopped: list[str] = []

    def __enter__(self) -> "LogFiles":
        return self

    def __exit__(self, *_error: object) -> None:
        for file in self._files.values():
            file.close()

    def write(self, message: Any) -> None:
        text = message.data.decode("utf-8", "replace") if isinstance(message.data, bytes) else message.data
        if message.name not in self._files:
            self._files[message.name] = (self._folder / f"{message.name}.log").open("a", encoding="utf-8")
        file = self._files[message.name]
        file.write(text if text.endswith("\n") else text + "\n")
        file.flush()
        if message.name == "system" and "stopped (rc=" in text:
            self.stopped.append(text.strip())
