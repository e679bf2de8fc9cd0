"""What type checkers are promised; checked by mypy in `make check`, never run."""

from typing import Any, assert_type

from kapnb import (
    Duration,
    Handler,
    InitRequest,
    Moment,
    Option,
    Point,
    Simulation,
    TimeMachine,
    check_resume,
    compare,
    freeze,
    lint,
    simulate,
    stress,
    sweep,
    udf,
)
from kapnb.faults import Lints, Resume, StressReport
from kapnb.whatif import Comparison, Sweep


@udf
class Typed(Handler):
    text = Option(str)
    number = Option(int, default=10)
    span = Option(Duration, default=Duration.parse("1m"))
    names = Option(str, many=True)
    pair = Option(str, int)
    flag = Option()
    group_idle = Duration.parse("30m")

    def init(self, request: InitRequest) -> None:
        self.group_cap = self.number

    def adapt_state(self, state: dict[str, int]) -> dict[str, int]:
        return state

    def group_expired(self, group: str, state: dict[str, int]) -> Point:
        return Point({"last": state["n"]}, name="ended")

    def point(self, point: Point, state: dict[str, int]) -> Point:
        assert_type(self.text, str)
        assert_type(self.number, int)
        assert_type(self.span, Duration)
        assert_type(self.names, list[str])
        assert_type(self.pair, Any)
        assert_type(self.flag, bool)
        assert_type(point.fields["x"], float | int | str | bool)
        assert_type(point.tags["host"], str)
        assert_type(point.time, int)
        return point.with_fields(y=1.5)


assert_type(Typed, type[Typed])
assert_type(simulate(Typed, [Point({"x": 1.0}, time=0)]), Simulation)
assert_type(simulate(Typed, [Point({"x": 1.0}, time=0)]).travel(), TimeMachine)
assert_type(simulate(Typed, [Point({"x": 1.0}, time=0)]).travel().go(0), Moment)
assert_type(simulate(Typed, [Point({"x": 1.0}, time=0)]).travel().rerun(Typed), Simulation)
assert_type(stress(Typed, [Point({"x": 1.0}, time=0)]), StressReport)
assert_type(check_resume(Typed, [Point({"x": 1.0}, time=0)]), Resume)
assert_type(lint(simulate(Typed, [Point({"x": 1.0}, time=0)])), Lints)
assert_type(freeze({"high": 1.5}), dict[str, float])
assert_type(sweep(Typed, [Point({"x": 1.0}, time=0)], number=[1, 2]), Sweep)
assert_type(compare(Typed, Typed, [Point({"x": 1.0}, time=0)]), Comparison)
