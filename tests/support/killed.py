"""How a test lets a worker die in the middle of its work."""


class Killed(BaseException):
    """A worker that is gone, as after kill -9: nothing of ours runs any more."""
