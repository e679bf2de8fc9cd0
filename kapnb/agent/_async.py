"""Handlers with ``async def``: their coroutines run on an event loop in a thread of its own.

Not in the thread that reads: a notebook's already runs a loop. What goes out keeps the order
of what came in; calls for one group run one after the other, since they share its state.
Imported only for a Handler that has an async method.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError  # its own before Python 3.11
from typing import TYPE_CHECKING, Any

from kapnb.agent._data import StreamInput, Take
from kapnb.handler import Handler
from kapnb.model import Point

if TYPE_CHECKING:
    from kapnb.agent._outbox import Outbox

__all__ = ["AsyncCalls", "AsyncStreamInput", "gathered", "outcome"]

#: How long cancelled coroutines may take to clean up, in seconds.
CANCEL_S = 5.0


class AsyncCalls:
    """An event loop in a thread, and the coroutines on it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._running: dict[Future[Any], Coroutine[Any, Any, Any]] = {}  # the oldest first
        self._thread = threading.Thread(target=self._run, name="kapnb-async", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.close()

    def start(self, coroutine: Coroutine[Any, Any, Any]) -> Future[Any]:
        """Start a coroutine; its result or exception will be in the Future.

        Coroutines start in the order of these calls.
        """
        future = asyncio.run_coroutine_threadsafe(_caught(coroutine), self._loop)
        self._running[future] = coroutine
        future.add_done_callback(self._running.pop)
        return future

    def where_it_hangs(self, thread_id: int | None) -> str:
        """Return the user's line that keeps the loop, or else the one the oldest call waits at.

        Nothing, if the thread that calls the Handler waits for something else.
        """
        from kapnb.agent._blame import comes_from, where_it_hangs, where_it_waits

        if thread_id is not None and not comes_from(thread_id, outcome):
            return ""
        oldest = next(iter(list(self._running.values())), None)
        return where_it_hangs(self._thread.ident, only_users=True) or where_it_waits(oldest)

    def cancel(self) -> None:
        """Cancel what runs, and give it time to clean up."""
        cancelled = asyncio.run_coroutine_threadsafe(_cancel_others(), self._loop)
        with contextlib.suppress(TimeoutError, FutureTimeoutError):  # it is left behind
            cancelled.result(CANCEL_S)

    def close(self) -> None:
        """Cancel what runs, and end the thread; idempotent."""
        if self._thread.is_alive():
            self.cancel()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(CANCEL_S)


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def _caught(coroutine: Coroutine[Any, Any, Any]) -> tuple[Any, BaseException | None]:
    """Return result and exception; a SystemExit that left a task would end the whole loop."""
    try:
        return await coroutine, None
    except asyncio.CancelledError:
        raise
    except BaseException as error:  # whatever user code raises
        return None, error


def outcome(future: Future[Any]) -> Any:
    """Wait for a Future of `AsyncCalls` and return its result, or raise what was raised."""
    result, error = future.result()
    if error is not None:
        raise error
    return result


class AsyncStreamInput(StreamInput):
    """Points for an async `point`.

    Parameters
    ----------
    handler : Handler
        Its `concurrency` says how many points may be under way.
    outbox : Outbox
        Where what they give is sent.
    start : callable
        Starts a coroutine and returns its Future.
    guard : callable, optional
        ``guard(call, argument, points)`` calls, and skips the points if that fails.
    """

    def __init__(
        self,
        handler: Handler,
        outbox: Outbox,
        start: Callable[[Coroutine[Any, Any, Any]], Future[Any]],
        guard: Callable[[Callable[[Any], None], Any, list[Point]], None] | None,
    ) -> None:
        super().__init__(handler, outbox)
        self._start = start
        self._guard = guard
        self._pending: deque[tuple[Future[Any], Point]] = deque()
        self._last: dict[str, asyncio.Task[Any]] = {}  # of each group; only the loop uses it
        self._takes_state = handler.handler_shape.takes_state["point"]

    def taker(self, first: Point) -> Take:
        """Return what takes points: their calls start, finished ones are sent."""
        if not (self._takes_state and self.start_expiry(first.time)):
            return self.taking(self._take)

        def touch_and_take(point: Point) -> None:
            self.touch(point.group, point.time)
            self._take(point)

        return self.taking(touch_and_take)

    def _expire(self, groups: Iterable[str]) -> None:
        self.collect(wait=True)  # no group goes while a call has its state
        super()._expire(groups)

    def _take(self, point: Point) -> None:
        while len(self._pending) >= self.handler.concurrency:
            self._send_first()
        if self._takes_state:
            group = point.group
            call = self._call_in_turn(point, group, self.state(group))
        else:
            call = gathered(self.handler.point(point))
        self._pending.append((self._start(call), point))
        self.collect(wait=False)

    async def _call_in_turn(self, point: Point, group: str, state: Any) -> Any:
        """Call `point` when the group's call before has ended, however it ended."""
        own = asyncio.current_task()
        assert own is not None
        before, self._last[group] = self._last.get(group), own
        try:
            if before is not None and not before.done():
                await asyncio.wait({before})
            return await gathered(self.handler.point(point, state))
        finally:
            if self._last.get(group) is own:
                del self._last[group]

    def collect(self, *, wait: bool) -> None:
        """Send what is finished, in order; with `wait` everything that is under way."""
        while self._pending and (wait or self._pending[0][0].done()):
            self._send_first()

    def _send_first(self) -> None:
        """Wait for the oldest call and send what it gave."""
        first = self._pending.popleft()
        if self._guard is None:
            self._send_outcome(first)
        else:
            self._guard(self._send_outcome, first, [first[1]])

    def _send_outcome(self, first: tuple[Future[Any], Point]) -> None:
        future, point = first
        result = outcome(future)
        self.done += 1
        if result is not None:
            self.deliver(result, point)


async def gathered(given: Any) -> Any:
    """Return what a coroutine returns, or a list of what an async generator yields."""
    if isinstance(given, AsyncIterator):
        return [item async for item in given]
    return await given
