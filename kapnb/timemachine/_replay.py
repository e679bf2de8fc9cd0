"""Replay: a run's Handler led over its inputs once more, through the very engine.

It starts from the nearest checkpoint, and compares what the Handler sends with what it sent
then. Where that differs, the run cannot be repeated, and what is seen is told as such.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kapnb.errors import KapnbError
from kapnb.faults._compare import look
from kapnb.handler import Handler
from kapnb.model import Batch, InitRequest, Point, RestoreRequest
from kapnb.protocol import WirePoint, encode_point
from kapnb.simulation import Transcript
from kapnb.simulation._checkpoints import Cast, Checkpoint, Checkpoints, Recorder
from kapnb.simulation._environment import environment
from kapnb.simulation._items import Rows
from kapnb.simulation._node import UdfNode
from kapnb.timemachine._quiet import Said, overheard

if TYPE_CHECKING:
    from kapnb.simulation._passage import Passage

__all__ = ["Given", "Replay"]

Item = Point | Batch

#: Points that are fed in one go.
_PORTION = 512
#: On the way checkpoints may take more of the time than in a run: whoever walks, walks here again.
_SHARE, _EVERY_S = 0.3, 0.05
#: Whoever goes far has so many inputs behind where it goes a mark set, for steps back; and so many
#: marks are kept.
_BEFORE, _MARKS_MAX = 256, 3


@dataclass
class Given:
    """What became of one input.

    Attributes
    ----------
    outputs : list of Point or Batch
    logs : tuple of str
    error : KapnbError or None
        What ended the session, or why the input was skipped.
    interrupted : bool
        Whether it was broken into, as the run was.
    """

    outputs: list[Item] = field(default_factory=list)
    logs: tuple[str, ...] = ()
    error: KapnbError | None = None
    interrupted: bool = False


class Replay:
    """A Handler that is led over the inputs of a run.

    Parameters
    ----------
    passage : Simulation or UdfRun
    use_checkpoints : bool, default: True
        Whether to start from one; otherwise from the run's beginning.

    Attributes
    ----------
    position : int
        How many inputs it has handled.
    differs_at : int or None
        The first input that was answered otherwise than in the run, since the checkpoint.
    why : str
        How it differed.
    began_at : int
        Where it was set out from.
    cast : Cast
        What its start made anew.
    """

    def __init__(self, passage: Passage, *, use_checkpoints: bool = True) -> None:
        self.passage = passage
        found = passage._checkpoints
        assert found is not None  # there were inputs, so it was started
        self.checkpoints: Checkpoints = found
        self.use_checkpoints = use_checkpoints
        self.position = 0
        self.differs_at: int | None = None
        self.why = ""
        self.began_at = 0
        self._said = Said()
        self._skipped: list[KapnbError] = []
        self._marks: list[Checkpoint] = []
        self._interrupted = False
        self._node: UdfNode | None = None
        self._recorder: Recorder | None = None
        self._outside: dict[int, Any] = {}
        self._request, self._snapshot = _opening(passage)

    cast: Cast

    # ------------------------------------------------------------------ surroundings

    @contextlib.contextmanager
    def there(self) -> Iterator[None]:
        """Be in the surroundings of the run: environment, and what code keeps outside objects.

        What the notebook has of both is put back at the end, and what user code says is kept
        from it.
        """
        checkpoints = self.checkpoints
        copier, hidden = checkpoints.copier, checkpoints.hidden
        ours = copier.load(copier.dump(hidden.held()))
        with environment(self.passage.env), overheard(self._said):
            hidden.put(self._outside)
            try:
                yield
            finally:
                self._outside = copier.load(copier.dump(hidden.held()))
                hidden.put(ours)

    @property
    def node(self) -> UdfNode:
        """Kapacitor's end of the session."""
        assert self._node is not None
        return self._node

    @property
    def handler(self) -> Handler:
        """The Handler itself."""
        return self.node.instance

    @property
    def failure(self) -> str:
        """What ended the session, if anything did but an interrupt."""
        error = self._node.error if self._node is not None else None
        return "" if error is None or self._interrupted else str(error)

    @property
    def stuck(self) -> bool:
        """Whether the session is over, and so can go nowhere from here."""
        return self._node is None or self._node.error is not None

    # ------------------------------------------------------------------------- ways

    def reach(self, position: int) -> bool:
        """Be after `position` inputs; return False if the session ended before."""
        found = self._nearest(position)
        begin = found.position if found is not None else 0
        if self.stuck or self.position > position or begin > self.position:
            self._begin(found)
        if position - self.position > 2 * _BEFORE:
            self._go_on(position - _BEFORE)
            self._set_mark()
        self._go_on(position)
        return self.position == position and not self.stuck

    def _go_on(self, position: int) -> None:
        while self.position < position and not self.stuck:
            self._feed_on(min(position, self.position + self._portion))

    def _nearest(self, position: int) -> Checkpoint | None:
        """Return the last checkpoint, or mark, at or before `position`."""
        if not self.use_checkpoints:
            return None
        kept = self.checkpoints.nearest(position)
        near = [mark for mark in (*self._marks, kept) if mark and mark.position <= position]
        return max(near, key=lambda mark: mark.position, default=None)

    def _set_mark(self) -> None:
        """Remember what the Handler holds here, as long as no doubt is cast on it."""
        if not self.use_checkpoints or self.stuck or self.differs_at is not None:
            return
        with contextlib.suppress(Exception):  # then the way back is as long as the way there
            self._marks.append(self.checkpoints.made(self.position, self.cast))
            del self._marks[:-_MARKS_MAX]

    @property
    def _portion(self) -> int:
        assert self._node is not None
        return _PORTION if self._node.takes_points and not self._node.one_by_one else 1

    def _begin(self, checkpoint: Checkpoint | None) -> None:
        """Start where `checkpoint` is, or at the run's beginning."""
        self.differs_at, self.why = None, ""
        if self.stuck or checkpoint is None:
            self.restart()
        if checkpoint is not None and not self.stuck:
            self.checkpoints.put_back(checkpoint, self.cast)
            self.position = checkpoint.position
        self.began_at = self.position
        self._recorder = None
        if self.use_checkpoints and not self.stuck:
            self._recorder = self.checkpoints.recorder(self.cast, share=_SHARE, every_s=_EVERY_S)

    def restart(self) -> None:
        """Start the Handler as the run did: init, and the snapshot if one was restored."""
        self.stop()
        self.checkpoints.hidden.reset()
        of_run = self.passage._node
        node = UdfNode(
            of_run.handler,
            task_id=of_run.task_id,
            node_id=of_run.node_id,
            codec=None if of_run._takes_points else of_run._codec,
        )
        node.info = of_run.info
        node.start(self._request.options, self._snapshot)
        node._agent.session._tell_skip = lambda error, points: self._skipped.append(error)
        self._node, self.position, self._interrupted = node, 0, False
        self.cast = Cast(node.instance)

    def stop(self) -> None:
        """Let go of the Handler; idempotent."""
        if self._node is not None:
            self._node.stop()
            self._node = None

    def next_skipped(self, position: int) -> int | None:
        """Return the first input from `position` on that was skipped for an error, or None."""
        count = len(self.passage.inputs)
        if position >= count or not self.reach(position):
            return None
        while self.position < count and not self.stuck:
            first = self.position
            self._skipped.clear()
            self._feed_on(min(count, first + self._portion))
            if self._skipped:
                return self._skipped_from(first)
        return None

    def _skipped_from(self, position: int) -> int | None:
        """Return the first input from `position` on that is skipped, one by one."""
        self._skipped.clear()
        self.reach(position)
        while not self.stuck:
            self._skipped.clear()
            self._feed_on(self.position + 1)
            if self._skipped:
                return self.position - 1
        return None

    # -------------------------------------------------------------------- one input

    def feed(self) -> Given:
        """Feed the next input, and see what becomes of it."""
        node = self._node
        assert node is not None
        self._said.taken()
        self._skipped.clear()
        warned, given = len(node.warnings), Given()
        try:
            given.outputs = self._feed(self.position + 1)
        except KeyboardInterrupt:
            if not self._broken_into(self.position):
                self.stop()
                raise
            given.interrupted = self._interrupted = True
            node.error = KapnbError("interrupted")
            given.outputs = node.rescue()
        given.error = None if given.interrupted else node.error
        if self._skipped:
            given.error = self._skipped[0]
        said = [f"WARNING kapnb: {text}" for text in node.warnings[warned:]]
        given.logs = (*self._said.taken(), *said)
        return given

    def _broken_into(self, position: int) -> bool:
        """Tell whether the run was interrupted while this input was handled."""
        run = self.passage
        return getattr(run, "interrupted", False) and position >= len(run.inputs) - 1

    def _feed_on(self, stop: int) -> None:
        """Feed inputs up to `stop`; whoever is interrupted there begins anew."""
        try:
            self._feed(stop)
        except BaseException:
            self.stop()
            raise

    def _feed(self, stop: int) -> list[Item]:
        """Feed inputs up to `stop`, compare what is sent, and return it."""
        node, start = self._node, self.position
        assert node is not None
        node.transcript = Transcript()
        if node.takes_points:
            exchange = node.feed_points(_encoded(self.passage, start, stop))
            if node.interrupt is not None:
                raise node.interrupt
            handled, kept = len(exchange.requests), list(exchange.responses)
            given: list[Any] = kept
            places = list(exchange.positions(start))
        else:
            given = list(node.feed(self.passage.inputs[start]))
            handled, places = 1, [start] * len(given)
            kept = [(isinstance(item, WirePoint) and item.raw) or item for item in given]
        self.position = start + handled
        self._compare(start, kept, places)
        if self._recorder is not None and self.differs_at is None and node.error is None:
            self._recorder.look(self.position)
        return [_point(item) for item in given] if stop - start == 1 else []

    def _compare(self, start: int, kept: list[Any], places: list[int]) -> None:
        """Note the first input since `start` that was answered otherwise than in the run."""
        if self.differs_at is not None:
            return
        stop = self.position
        then, then_at = self.passage._outputs.between(start, stop)
        if kept == then and places == then_at:
            return
        for place in range(start, stop):
            now_there = [item for item, at in zip(kept, places, strict=True) if at == place]
            then_there = [item for item, at in zip(then, then_at, strict=True) if at == place]
            if place == len(self.passage.inputs) - 1:  # what came at the end of the stream
                then_there = then_there[: len(now_there)]
            if _looks(now_there) != _looks(then_there):
                self.differs_at = place
                self.why = f"it sent {_count(now_there)}, in the run {_count(then_there)}"
                if len(now_there) == len(then_there):
                    self.why = f"it sent {_count(now_there)}, but not the same"
                return


def _opening(passage: Passage) -> tuple[InitRequest, bytes | None]:
    """Return what the run's session began with: init, and perhaps a snapshot to restore."""
    request, snapshot = None, None
    for is_request, message in passage.transcript:
        if not is_request:
            continue
        if isinstance(message, InitRequest):
            request = message
        elif isinstance(message, RestoreRequest):
            snapshot = message.snapshot
        else:
            break
    assert request is not None
    return request, snapshot


def _encoded(passage: Passage, start: int, stop: int) -> list[bytes]:
    inputs = passage.inputs
    if isinstance(inputs, Rows):
        return inputs.encoded(start, stop)
    return [encode_point(item) for item in inputs[start:stop] if isinstance(item, Point)]


def _point(item: bytes | Item) -> Item:
    from kapnb.protocol import wire_point

    return wire_point(item) if isinstance(item, bytes) else item


def _looks(items: list[Any]) -> list[Any]:
    return [look(_point(item)) for item in items]


def _count(items: list[Any]) -> str:
    if not items:
        return "nothing"
    return f"{len(items)} output{'' if len(items) == 1 else 's'}"
