"""Pages whose rows come so many at a time: the addresses of the neighbours."""


class NumberedPage:
    """A page object with a `number`, 0 the first, that knows whether there are rows after its own."""

    number: int
    has_more: bool

    def address_of(self, number: int) -> str:
        """Return where the page of that number is, narrowed as this one is."""
        raise NotImplementedError

    @property
    def before(self) -> str:
        """Return "" on the first page."""
        return self.address_of(self.number - 1) if self.number else ""

    @property
    def more(self) -> str:
        """Return "" on the last page."""
        return self.address_of(self.number + 1) if self.has_more else ""
