class Invalid(ValueError):
    """What was asked for cannot be kept; the sentence says what to change."""


class SwitchedOff(Invalid):
    """The tenant is switched off, or being removed: nothing starts in it."""
