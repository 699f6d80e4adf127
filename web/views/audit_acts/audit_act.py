"""An action as the audit log tells it: its group, its title, and the sentences among which an event chooses."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from db.states import Result

# After the state of a run that has no items, where a sentence varies by it.
UNCOUNTED = ", uncounted"


@dataclass(frozen=True)
class AuditAct:
    """`otherwise` when it was refused or failed; `own` of somebody's own account; `one` of exactly one thing.

    `variants` are sentences by the value of the placeholder that `varies_by` names; `one_variants` the same of exactly
    one thing. `counts` names the detail that `one` is about.
    """

    group: str
    title: str
    done: str
    otherwise: str = ""
    own: str = ""
    one: str = ""
    counts: str = ""
    varies_by: str = ""
    variants: Mapping[str, str] = field(default_factory=dict)
    one_variants: Mapping[str, str] = field(default_factory=dict)

    def sentence(self, result: str, *, is_own: bool, values: Mapping[str, object]) -> str:
        """Choose the sentence for an event with these values."""
        is_one = values.get(self.counts) in (1, "1")
        variants = {**self.variants, **(self.one_variants if is_one else {})}
        varied = variants.get(str(values.get(self.varies_by))) if self.varies_by else None
        if varied:
            return varied
        if result != Result.OK and self.otherwise:
            return self.otherwise
        if is_own and self.own:
            return self.own
        return self.one if self.one and is_one else self.done
