class Invalid(ValueError):
    """What was asked for cannot be kept; the sentence says what to change."""
