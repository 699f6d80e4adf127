"""Format Markdown as `make format` does, for the pages that programs write."""

import tomllib
from pathlib import Path

import mdformat

OPTIONS = tomllib.loads((Path(__file__).parents[2] / ".mdformat.toml").read_text())


def formatted(text: str) -> str:
    return mdformat.text(text, options={**OPTIONS, "compact_tables": True}, extensions={"tables"})
