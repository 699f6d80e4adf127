"""Values that a person, a file or Graph may send, as hypothesis makes them up: any text, any JSON."""

from hypothesis import strategies as st

# With what databases and encoders choke on: NUL, half a character, what turns the line around, what is no letter.
texts = st.text(st.characters(), max_size=40) | st.sampled_from(
    ["\x00", "\ud800", "\u202e", "²", "١", "\r\n", " ", "-1"]
)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
values = st.none() | st.booleans() | numbers | texts


def json_of(names=texts, most=12):
    """Any JSON whose objects have these names."""
    return st.recursive(
        values,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
        max_leaves=most,
    )


json = json_of()
