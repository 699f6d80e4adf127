"""The Containerfile as data, for what checks it and for what takes its steps where no container engine is."""

import json
import re
import shlex
from dataclasses import dataclass, field

from tests.support.servers import ROOT

PATH = ROOT / "Containerfile"


@dataclass
class Stage:
    base: str
    name: str
    # (instruction, what stands behind it), in their order
    steps: list[tuple[str, str]] = field(default_factory=list)

    def all_of(self, instruction: str) -> list[str]:
        return [words for name, words in self.steps if name == instruction]

    def last(self, instruction: str) -> str:
        return self.all_of(instruction)[-1]

    @property
    def environment(self) -> dict[str, str]:
        return pairs(" ".join(self.all_of("ENV")))

    @property
    def workdir(self) -> str:
        return self.last("WORKDIR")


def pairs(words: str) -> dict[str, str]:
    return dict(word.split("=", 1) for word in shlex.split(words))


def command(words: str) -> list[str]:
    """The list of a CMD or ENTRYPOINT, also behind a HEALTHCHECK's options."""
    return json.loads(words[words.index("[") :])


def copied(words: str) -> tuple[str, list[str], str]:
    """The stage ("": the checkout), the sources and the target of a COPY."""
    found = re.fullmatch(r"(?:--from=(\w+) )?(.+)", words)
    *sources, target = found[2].split()
    return found[1] or "", sources, target


def stages() -> list[Stage]:
    lines = [line for line in PATH.read_text().splitlines() if not line.lstrip().startswith("#")]
    arguments, found = {}, []
    for line in filter(str.strip, re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines()):
        instruction, words = line.split(None, 1)
        if instruction == "ARG":
            name, value = words.split("=", 1)
            arguments[name] = value
        elif instruction == "FROM":
            base, _, name = words.partition(" AS ")
            found.append(Stage(re.sub(r"\$\{(\w+)\}", lambda use: arguments[use[1]], base), name))
        else:
            found[-1].steps.append((instruction, words))
    return found
