"""The shared resource of a Handler class: built once in a process, given to every instance.

Both kinds of home use it: a process on stdio has one instance, which builds the resource at
its init; a server has one instance a connection and builds the resource before the first.
"""

from __future__ import annotations

from typing import Any

from kapnb.handler import Handler

__all__ = ["build_shared", "ensure_shared", "make_handler"]


def build_shared(cls: type[Handler]) -> Any:
    """Return what ``cls.build_shared()`` returns.

    Raises
    ------
    KapnbError
        If it fails; the text names the user's own line.
    """
    try:
        return cls.build_shared()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # also sys.exit: what cannot be built cannot be served
        from kapnb.agent._blame import blame

        raise blame(error, cls.__name__) from error


def make_handler(cls: type[Handler], shared: Any) -> Handler:
    """Return a fresh instance that holds `shared`, already while its ``__init__`` runs."""
    handler = cls.__new__(cls)
    if _builds(cls):
        handler.shared = shared
    handler.__init__()  # type: ignore[misc]  # the second half of cls()
    return handler


def ensure_shared(handler: Handler) -> None:
    """Build the shared resource of an instance that was not given one.

    What is raised is the user's own; a Session blames it as it blames init.
    """
    if _builds(type(handler)) and "shared" not in vars(handler):
        handler.shared = type(handler).build_shared()


def _builds(cls: type[Handler]) -> bool:
    """Tell whether the class has a shared resource; otherwise `shared` is the user's to use."""
    return getattr(cls.build_shared, "__func__", None) is not vars(Handler)["build_shared"].__func__
