class Invalid(ValueError):
    """A request that cannot be carried out. Its sentence says what to change."""


class SwitchedOff(Invalid):
    """Nothing starts in a tenant that is switched off, or being removed."""
