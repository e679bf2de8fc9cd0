"""Handler: what a user writes.

No protobuf, no I/O, no thread. A Handler can be built and its methods called in a test
without anything around it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, TypeVar

from kapnb.errors import HandlerError
from kapnb.handler._expiry import Expiry, check_limits
from kapnb.handler._namespace import Namespace
from kapnb.handler._options import Option, check_declaration, option_info, receive_options
from kapnb.handler._signature import arguments, is_async
from kapnb.model import (
    BATCH,
    STREAM,
    Batch,
    BeginBatch,
    EdgeType,
    EndBatch,
    InfoResponse,
    InitRequest,
    InitResponse,
    Point,
    ReceivedOption,
    RestoreResponse,
    SnapshotResponse,
)

if TYPE_CHECKING:
    from kapnb.protocol import Foresight

__all__ = ["Handler", "Output", "Shape", "Snapshot", "udf"]

#: What a data method may return, and what an iterable it returns may hold.
Output: TypeAlias = Point | Batch | Iterable[Any] | None

#: The data methods: each may take the group's state as a second argument.
DATA_METHODS = ("point", "begin_batch", "end_batch", "batch", "frame")


#: What the policies of a Handler may be.
POLICIES = {
    "restore_policy": ("fresh", "tolerant", "strict"),
    "error_policy": ("stop", "skip"),
    "non_finite": ("drop", "error", "pass"),
}


class Snapshot(bytes):
    """State as opaque bytes, as `Handler.snapshot` returned it and `restore` gets it back."""

    @property
    def snapshot(self) -> bytes:
        """The bytes, under the name they have in Kapacitor's restore request."""
        return self


class Shape:
    """What a Handler class declares, read once when the class is made.

    Attributes
    ----------
    options : dict of str to Option
        Attribute → declaration, in the order of the class body.
    takes_state : dict of str to bool
        Data method → whether it takes the group's state.
    whole : {"batch", "frame", None}
        The method that takes a whole batch, if the class has one.
    asynchronous : frozenset of str
        Methods that are ``async def``.
    """

    def __init__(self, cls: type[Handler]) -> None:
        self.options: dict[str, Option[Any]] = {}
        for base in reversed(cls.__mro__):
            for name, value in vars(base).items():
                if isinstance(value, Option):
                    self.options[name] = value
                else:
                    self.options.pop(name, None)
        check_declaration(self.options, _handler_names(), cls.__name__)
        self.takes_state = {
            name: _takes_state(cls, name)
            for name in DATA_METHODS
            if getattr(cls, name, None) is not None
        }
        self.whole = _whole(cls, self.takes_state)
        methods = (*self.takes_state, "init", "snapshot", "restore", "stop")
        self.asynchronous = frozenset(name for name in methods if is_async(getattr(cls, name)))
        for name in ("info", "group_state", "group_expired", "adapt_state"):
            if is_async(getattr(cls, name, None)):
                raise HandlerError(f"{cls.__name__}.{name} cannot be async; use def")


def _whole(cls: type[Handler], methods: Iterable[str]) -> str | None:
    """Return the method that takes a whole batch; refuse what would never be called."""
    wholes = [name for name in ("batch", "frame") if name in methods]
    if not wholes:
        return None
    name = wholes[0]
    if len(wholes) > 1:
        raise HandlerError(f"{cls.__name__} defines both batch and frame; keep one")
    if cls.wants is not BATCH:
        raise HandlerError(f"{cls.__name__} defines {name}, which needs wants = BATCH")
    for part in ("begin_batch", "point", "end_batch"):
        if _depth(cls, part) <= _depth(cls, name):  # a base's part may be replaced by a whole
            raise HandlerError(
                f"{cls.__name__} defines {name} and {part}; {name} takes the batch as a whole, "
                f"so {part} would never be called; keep one way"
            )
    return name


def _depth(cls: type, name: str) -> int:
    """Return how far up the bases `name` is defined; 0 is the class itself."""
    return next(index for index, base in enumerate(cls.__mro__) if name in vars(base))


def _handler_names() -> Iterable[str]:
    names = (*vars(Handler), *vars(Handler)["__annotations__"], *DATA_METHODS)
    return (name for name in names if not name.startswith("__"))


def _takes_state(cls: type, name: str) -> bool:
    """Return whether a data method takes the state; refuse what cannot be called."""
    method = getattr(cls, name)
    if method is vars(Handler).get(name):
        return False
    where = f"{cls.__name__}.{name}"
    taken = arguments(method)
    if taken is None:
        return False
    if taken.variable:
        return True
    if taken.most < 2 or taken.needed > 3:
        raise HandlerError(
            f"{where} must take (self, {_ARGUMENT[name]}) or (self, {_ARGUMENT[name]}, state)"
        )
    return taken.most >= 3


_ARGUMENT = {
    "point": "point",
    "begin_batch": "begin",
    "end_batch": "end",
    "batch": "batch",
    "frame": "frame",
}


class Handler:
    """A user-defined function: subclass it and override what is needed.

    Class attributes declare it: `wants` and `provides` (STREAM or BATCH) and any number of
    `Option`. Data methods return or yield what goes out: nothing, one or many Points, or
    whole Batches. State is kept per group by the framework, and so are its snapshot and
    restore: return a group's initial state from `group_state` and take `state` as a second
    argument.

    Attributes
    ----------
    wants, provides : EdgeType
        What comes in and what goes out.
    restore_policy : {"fresh", "tolerant", "strict"}
        What to do with a snapshot that does not fit, being damaged or taken with other
        options or by another Handler. ``fresh`` starts without state and logs why;
        ``tolerant`` uses what can be used and logs what not; ``strict`` refuses, and then the
        task cannot start until the snapshot is deleted.
    error_policy : {"stop", "skip"}
        What follows when a data method raises. ``stop`` ends the task with an ErrorResponse.
        ``skip`` drops the point, or the whole batch, logs and counts it, and goes on; nothing
        of what the method gave for it goes out.
    dead_letters : str or None
        File to which skipped points are appended, as line protocol with the reason; the
        environment's ``KAPNB_DEAD_LETTERS`` comes before it.
    non_finite : {"drop", "error", "pass"}
        What becomes of a field that is set to NaN or an infinity, which InfluxDB cannot store:
        it is left out, or it is an error, or it is sent.
    busy_limit : float
        Seconds that one call may take before it counts as hung.
    concurrency : int
        How many points may be under way at once if `point` is ``async def``.
    group_idle : int or None
        Nanoseconds of event time (a `Duration`) after which a group that got no data is let
        go, and its state with it. May be set in `init` too. Off by default.
    group_cap : int or None
        How many groups are kept at most; one more, and the least recently used is let go.
        May be set in `init` too. Off by default.
    shared : object
        What `build_shared` returned: one object for all instances of a process. There from
        `init` on; in a server already in ``__init__``.
    deterministic : bool
        Whether outputs depend on inputs, options and group states alone. A Handler that draws
        random numbers or looks at the clock says False, and cannot be supervised.

    Notes
    -----
    Whoever wants a batch as a whole defines ``batch(self, batch[, state])`` to take a
    `Batch`, or ``frame(self, frame[, state])`` to take a pandas DataFrame, in place of the
    three methods `begin_batch`, `point`, `end_batch`.

    On an edge from BATCH to BATCH, the points that are yielded between a begin and its end
    make the outgoing batch; it keeps the name, tags, tmax of the incoming one.

    Any of `init`, `snapshot`, `restore`, `stop` and the data methods may be ``async def``. Points
    are then handled concurrently, those of one group (if `point` takes the state) one after the
    other; what goes out keeps the order of what came in. What still runs at the end is cancelled.

    Only group states are kept in a snapshot. What is set on `self` is not.

    Examples
    --------
    >>> class Doubled(Handler):
    ...     field = Option(str, doc="field to double")
    ...
    ...     def point(self, point):
    ...         yield point.with_fields(doubled=2 * point.fields[self.field])
    """

    wants: ClassVar[EdgeType] = STREAM
    provides: ClassVar[EdgeType] = STREAM
    restore_policy: ClassVar[str] = "fresh"
    error_policy: ClassVar[str] = "stop"
    dead_letters: ClassVar[str | None] = None
    non_finite: ClassVar[str] = "drop"
    busy_limit: ClassVar[float] = 60.0
    concurrency: ClassVar[int] = 16
    group_idle: int | None = None
    group_cap: int | None = None
    shared: Any = None
    deterministic: ClassVar[bool] = True

    handler_shape: ClassVar[Shape]
    #: States by group id, filled by the Session.
    group_states: dict[str, Any]
    #: What a tolerant restore could not use, in sentences; logged by the Session.
    restore_notes: tuple[str, ...] = ()
    _outlet: Callable[[Point | Batch], None] | None = None
    #: What takes a stream's point as its bytes, and may give bytes, in place of `point`: for
    #: Handlers of our own that show points in another form. All it gives is complete.
    _point_bytes: Callable[[Any], Any] | None = None
    #: Makes points of that form, which it takes instead of bytes, where they can be read ahead.
    _foresight: Foresight | None = None
    _expiry: Expiry | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.handler_shape = Shape(cls)
        for edge in ("wants", "provides"):
            if not isinstance(getattr(cls, edge), EdgeType):
                raise HandlerError(f"{cls.__name__}.{edge} must be STREAM or BATCH")
        for name, known in POLICIES.items():
            if getattr(cls, name) not in known:
                choice = " or ".join(f'"{word}"' for word in known)
                raise HandlerError(f"{cls.__name__}.{name} must be {choice}")
        for name in ("busy_limit", "concurrency"):
            value = getattr(cls, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
                raise HandlerError(f"{cls.__name__}.{name} must be a number above 0, not {value!r}")
        check_limits(cls.group_idle, cls.group_cap, cls.__name__)

    def __new__(cls, *args: Any, **kwargs: Any) -> Handler:
        # Not in __init__: a user's own need not call ours.
        self = super().__new__(cls)
        self.group_states = {}
        return self

    # ------------------------------------------------------------- management

    @classmethod
    def build_shared(cls) -> Any:
        """Return what all instances of a process share as `shared`; a model, say.

        Called once in a process: by a server (``kapnb run TARGET --socket PATH``) before its
        first connection, on stdio and in a simulation just before `init`. Instances of a
        server run in threads of their own, so what they share must bear that.
        """
        return None

    def info(self) -> InfoResponse:
        """Answer what the Handler wants, provides and takes; the declarations say it all."""
        return InfoResponse(self.wants, self.provides, option_info(self.handler_shape.options))

    def init(self, request: InitRequest) -> InitResponse | None:
        """Prepare for data. Called once, after the options were set as attributes.

        May be overridden with or without the argument. Raise `OptionError` (or return
        ``InitResponse(False, text)``) to refuse to start; Kapacitor shows the text.
        """
        return None

    def snapshot(self) -> bytes | SnapshotResponse:
        """Return the state as bytes: that of all groups. Called about once a minute."""
        from kapnb.handler._snapshot import pack  # not on the way to the first answer

        return pack(self.group_states, self._header(), Namespace(type(self)), self.group_expiry())

    def restore(self, snapshot: Snapshot) -> RestoreResponse | None:
        """Take a snapshot back. Called after `init` and before any data.

        Raises
        ------
        SnapshotError
            If it does not fit; `restore_policy` says what follows.
        """
        from kapnb.handler._snapshot import adapt, unpack

        tolerant = self.restore_policy == "tolerant"
        kept = unpack(snapshot, self._header(), Namespace(type(self)), tolerant=tolerant)
        if kept.notes:
            kept = adapt(kept, self.adapt_state)
        self.group_states, self.restore_notes = kept.groups, tuple(kept.notes)
        if (expiry := self.group_expiry()) is not None:
            expiry.load(kept.now, kept.ages or {})
        return None

    def adapt_state(self, state: Any) -> Any:
        """Return the state to go on with, given a restored one that may not fit as it is.

        Called for each group after a ``tolerant`` restore from a snapshot that did not fit
        exactly, being taken with other options or with other fields of a dataclass. By
        default the state is used as it is.

        Raises
        ------
        SnapshotError
            To let this group start anew.

        Examples
        --------
        >>> from collections import deque
        >>> class MovingAverage(Handler):
        ...     restore_policy = "tolerant"
        ...     size = Option(int, default=10)
        ...
        ...     def adapt_state(self, state):
        ...         return deque(state, maxlen=self.size)
        """
        return state

    def forget_groups(self) -> None:
        """Start without state, as if there had been no snapshot."""
        self.group_states, self.restore_notes, self._expiry = {}, (), None

    def stop(self) -> None:
        """Let go of resources. Called once at the end, whatever the reason."""

    # ------------------------------------------------------------------- data

    def group_state(self) -> Any:
        """Return the state of a new group. Called once per group; by default a dict."""
        return {}

    def group_expired(self, group: str, state: Any) -> Output:
        """Look at a group for the last time, when `group_idle` or `group_cap` lets it go.

        What is returned or yielded goes out before what the current input gives, and before
        its batch. It must be complete, with name, tags and dimensions of its own: the current
        input is one of another group. Not called for groups that are there at the end.

        Parameters
        ----------
        group : str
            Kapacitor's group id; opaque.
        state : Any
            The group's state, which is the framework's no more.
        """

    # `*_` and `**__` tell type checkers that an override may take the state besides.

    def point(self, point: Point, *_: Any, **__: Any) -> Output:
        """Handle one point. By default it goes out as it came."""
        return point

    def begin_batch(self, begin: BeginBatch, *_: Any, **__: Any) -> Output:
        """Handle the begin of a batch. Not called if the class has `batch` or `frame`."""

    def end_batch(self, end: EndBatch, *_: Any, **__: Any) -> Output:
        """Handle the end of a batch. Not called if the class has `batch` or `frame`."""

    def emit(self, item: Point | Batch) -> None:
        """Send `item` out of turn, from any thread.

        It goes out between two calls of data methods, never inside a batch, and not before
        the first data has come. It must be complete: there is no input it could inherit from.

        Raises
        ------
        HandlerError
            If the Handler is not running.
        """
        outlet = self._outlet  # the session may end meanwhile
        if outlet is None:
            raise HandlerError("emit needs a running session; in a data method, yield instead")
        outlet(item)

    # ----------------------------------------------------------------- helpers

    def receive_options(self, received: Iterable[ReceivedOption]) -> None:
        """Set the options as attributes.

        Raises
        ------
        OptionError
            If any is missing, unknown or mistyped.
        """
        vars(self).update(receive_options(self.handler_shape.options, tuple(received)))

    def _header(self) -> dict[str, Any]:
        values = {name: repr(getattr(self, name)) for name in sorted(self.handler_shape.options)}
        return {"handler": type(self).__name__, "options": values}

    def group_expiry(self) -> Expiry | None:
        """Return what tells which groups are over, or None if none ever is.

        The limits are read when this is first called: after `init`.
        """
        if self._expiry is None and not (self.group_idle is None and self.group_cap is None):
            check_limits(self.group_idle, self.group_cap, type(self).__name__)
            if any(self.handler_shape.takes_state.values()):
                self._expiry = Expiry(self.group_idle, self.group_cap)
        return self._expiry


Handler.handler_shape = Shape(Handler)


_H = TypeVar("_H", bound=type[Handler])


def udf(cls: _H) -> _H:
    """Mark the Handler that is exported.

    Raises
    ------
    HandlerError
        If it does not decorate a subclass of Handler.

    Examples
    --------
    >>> @udf
    ... class Mirror(Handler):
    ...     pass
    """
    if not (isinstance(cls, type) and issubclass(cls, Handler)):
        raise HandlerError("@udf goes on a class that derives from kapnb.Handler")
    cls.is_udf = True  # type: ignore[attr-defined]
    return cls
