"""Rows of pages that are each about one policy type."""

from web.presentation.formatters import policy_type_title


class PolicyTypeRow:
    """A row about the policy type that `key` names."""

    key: str

    @property
    def title(self) -> str:
        return policy_type_title(self.key)
