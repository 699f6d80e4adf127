"""Rows of pages that are each about one policy type."""

from actors.facade import policy_type_names


class PolicyTypeRow:
    """A row about the policy type that `key` names."""

    key: str

    @property
    def title(self) -> str:
        return policy_type_names.title(self.key)
