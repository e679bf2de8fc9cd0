"""``|alert``: levels, their changes, and the events that handlers would get.

The rules are those of Kapacitor's alert.go. Nothing is sent: events are kept, each with the
names of its handlers. Topics begin without a history, since nothing is stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from kapnb.errors import TickError
from kapnb.model import Batch, Fields, Point, Tags
from kapnb.tick._catalogue import HANDLER_PROPERTIES
from kapnb.tick._lambdas import EvaluationError, Lambda, Memory
from kapnb.tick._types import Moment
from kapnb.tick.nodes._levels import CRITICAL, LEVELS, OK, AlertState, Rules
from kapnb.tick.nodes._messages import (
    batch_from,
    fields_of,
    make_fields,
    make_tags,
    tags_of,
    with_parts,
)
from kapnb.tick.nodes._node import Node
from kapnb.tick.nodes._records import Alert as Event
from kapnb.tick.nodes._templates import StringMap, Template

__all__ = ["Alert"]

_CONDITIONS = ("", "info", "warn", "crit")
_ID = "{{ .Name }}:{{ .Group }}"
_MESSAGE = "{{ .ID }} is {{ .Level }}"


class Alert(Node):
    """``|alert()``, on a stream or on batches.

    Without ``.details`` events have no details: Kapacitor would put in its own JSON.
    """

    obeys: ClassVar[frozenset[str]] = frozenset(
        {
            "all",
            "crit",
            "critReset",
            "details",
            "durationField",
            "flapping",
            "history",
            "id",
            "idField",
            "idTag",
            "info",
            "infoReset",
            "levelField",
            "levelTag",
            "message",
            "messageField",
            "noRecoveries",
            "stateChangesOnly",
            "topic",
            "warn",
            "warnReset",
        }
    )

    #: Handlers are listed, not called; so whatever is set on one has no effect.
    ignores: ClassVar[frozenset[str]] = frozenset(HANDLER_PROPERTIES)

    def set_up(self) -> None:
        """Compile conditions and templates."""
        last = self.last
        self._conditions = [self._condition(name) for name in _CONDITIONS]
        self._resets = [self._condition(f"{name}Reset") for name in _CONDITIONS]
        self._id = self._template("id", _ID)
        self._message = self._template("message", _MESSAGE)
        self._details = self._template("details", "", html=True)
        self._level_names = (last("levelField", ""), last("levelTag", ""))
        self._id_names = (last("idField", ""), last("idTag", ""))
        self._message_field = last("messageField", "")
        self._duration_field = last("durationField", "")
        self._all, self._no_recoveries = self.flag("all"), self.flag("noRecoveries")
        self._topic = last("topic", "")
        self._handlers = tuple(
            dict.fromkeys(
                used.name
                for used in self.node.properties
                if used.name in HANDLER_PROPERTIES and not used.handler
            )
        )
        self._check_log_paths()
        self._rules = self._read_rules()
        self._states: dict[str, AlertState] = {}

    def _condition(self, name: str) -> tuple[Lambda, Memory] | None:
        """Compile a condition; its memory is one for all groups, as in Kapacitor."""
        uses = self.uses(name)
        if not uses:
            return None
        failing = f"Failed to compile stateful expression for {name}"
        expression = self.lambda_of(uses[-1].arguments[0], failing, uses[-1].position)
        return expression, expression.new_memory()

    def _template(self, name: str, default: str, *, html: bool = False) -> Template:
        uses = self.uses(name)
        text = uses[-1].arguments[0] if uses else default
        position = uses[-1].position if uses else self.node.position
        return Template(text, name, position, html=html)

    def _check_log_paths(self) -> None:
        for used in self.uses("log"):
            path = used.arguments[0]
            if isinstance(path, str) and not path.startswith("/"):
                raise TickError(
                    f"{used.position}: failed to create log alert handler: log path must be "
                    f"absolute: {path} is not absolute",
                    *used.position,
                )

    def _read_rules(self) -> Rules:
        changes = self.uses("stateChangesOnly")
        expiry = int(changes[-1].arguments[0]) if changes and changes[-1].arguments else 0
        flapping = self.uses("flapping")
        low, high = flapping[-1].arguments if flapping else (0.0, 0.0)
        if low > 1 or high > 1:
            raise TickError(
                f"{flapping[-1].position}: alert flap thresholds are percentages and should be "
                "between 0 and 1",
                *flapping[-1].position,
            )
        history = max(int(self.last("history", 21)), 2)
        return Rules(bool(changes), expiry, bool(flapping), low, high, history)

    # ------------------------------------------------------------------------- input

    def point(self, point: Point) -> None:
        """Determine its level; hand it on if that makes an event."""
        state = self._state(point.group)
        level = self._level_of(point, state.level)
        before = state.level
        state.add(point.time, level)
        if state.suppressed or (level == OK and not state.changed):
            return
        event = self._trigger(state, level, before, point, point, point.time)
        if event is not None:
            self.emit(self._augmented(point, event))

    def batch(self, batch: Batch) -> None:
        """Determine the level of its highest point, or with ``.all`` of its lowest."""
        if not batch.points:
            return
        state = self._state(batch.group)
        before = state.level
        levels = [self._level_of(point, before) for point in batch.points]
        level = min(levels) if self._all else max(levels)
        highest = batch.points[levels.index(max(levels))]
        time = batch.tmax if self._all or level == OK else highest.time
        state.add(time, level)
        if not (state.changed if level == OK else not state.suppressed):
            return
        event = self._trigger(state, level, before, batch, highest, time)
        if event is not None:
            self.emit_batch(self._augmented_batch(batch, event))

    def _state(self, group: str) -> AlertState:
        state = self._states.get(group)
        if state is None:
            self._states[group] = state = AlertState(self._rules)
        return state

    def _level_of(self, point: Point, current: int) -> int:
        """Return the level: higher ones first; lower ones only if the reset lets go."""
        found = self._first_match(point, CRITICAL, current - 1)
        if found is not None:
            return found
        reset = self._resets[current]
        if reset is not None:
            passed = self._test(reset, point, "reset expression for current level", current)
            if passed is False:
                return current
        found = self._first_match(point, current, OK)
        return OK if found is None else found

    def _first_match(self, point: Point, start: int, stop: int) -> int | None:
        for level in range(start, max(stop, OK), -1):
            condition = self._conditions[level]
            if condition is not None and self._test(
                condition, point, "expression for level", level
            ):
                return level
        return None

    def _test(
        self, condition: tuple[Lambda, Memory], point: Point, what: str, level: int
    ) -> bool | None:
        expression, memory = condition
        try:
            return expression.test(point, memory)
        except EvaluationError as error:
            self.complain(f"error evaluating {what} {LEVELS[level]}: {error}", point)
            return None

    # ------------------------------------------------------------------------ output

    def _trigger(
        self,
        state: AlertState,
        level: int,
        before: int,
        item: Point | Batch,
        point: Point,
        time: int,
    ) -> Event | None:
        """Keep the event; return it, or None if it is a recovery nobody wants."""
        state.trigger(time)
        if self._no_recoveries and level == OK:
            return None
        values: dict[str, Any] = {
            "Name": item.name,
            "TaskName": self.run.task_id,
            "Group": item.group or "nil",
            "Tags": StringMap(tags_of(item)),
        }
        values["ID"] = self._id.render(values)
        values["Fields"] = fields_of(point)
        values["Level"] = LEVELS[level]
        values["Time"] = Moment(time)
        values["Duration"] = state.duration
        values["Message"] = self._message.render(values)
        event = Event(
            sink=self.node.id,
            id=values["ID"],
            message=values["Message"],
            details=self._details.render(values),
            level=LEVELS[level],
            previous_level=LEVELS[before],
            time=time,
            duration=int(state.duration),
            name=item.name,
            group=item.group,
            tags=dict(tags_of(item)),
            fields=dict(fields_of(point)),
            handlers=self._handlers,
            topic=self._topic,
        )
        self.run.keep(event)
        return event

    def _augmented(self, point: Point, event: Event) -> Point:
        fields = self._new_fields(fields_of(point), event)
        return with_parts(point, fields, self._new_tags(tags_of(point), event))

    def _augmented_batch(self, batch: Batch, event: Event) -> Batch:
        points = [self._augmented(point, event) for point in batch.points]
        return batch_from(batch, points, self._new_tags(tags_of(batch), event))

    def _new_fields(self, fields: Mapping[str, Any], event: Event) -> Fields | None:
        named = (
            (self._level_names[0], event.level),
            (self._message_field, event.message),
            (self._id_names[0], event.id),
            (self._duration_field, event.duration),
        )
        added = {name: value for name, value in named if name}
        return make_fields({**fields, **added}) if added else None

    def _new_tags(self, tags: Mapping[str, str], event: Event) -> Tags | None:
        named = ((self._level_names[1], event.level), (self._id_names[1], event.id))
        added = {name: value for name, value in named if name}
        return make_tags({**tags, **added}) if added else None
