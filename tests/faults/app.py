"""The module that `dramatiq` imports in each worker process in the place of actors.app: short times first."""

from tests.faults import launch

launch.shorten()
launch.be_another_process()

from actors.app import broker  # noqa: E402

__all__ = ["broker"]
