"""The forty conformance cases, by number, in each of the four modes in which we serve.

Each runs the kit's case of that number against our own roles, in real processes. The kit
itself is tested in test_kit.py.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from kapnb.testing import conformance
from kapnb.testing.conformance import CASES, Verdict

HERE = Path(__file__).parent
#: A timeout that nothing which works ever waits for, and the one of the cases that are about
#: time: roles take twice as long, so it must be short, and long enough for a busy machine.
LONG_S, SHORT_S = 30.0, 3.0
ABOUT_TIME = (19, 20, 21)


NATIVE = (sys.executable, str(HERE / "native_roles.py"), "{case}")
DROP_IN = (sys.executable, "-m", "kapnb", "run", str(HERE / "official_roles.py"), "{case}")

#: Mode → the command that plays roles; a mode with ``{socket}`` in it is served on a socket.
MODES = {
    "native-stdio": NATIVE,
    "native-socket": (*NATIVE, "--socket", "{socket}"),
    "drop-in-stdio": DROP_IN,
    "drop-in-socket": (*DROP_IN, "{socket}"),
}
#: Mode → number of a case that cannot be judged there → words of the reason.
NOT_APPLICABLE = {
    "native-stdio": {40: "on pipes there is no socket"},
    "native-socket": {},
    "drop-in-stdio": {40: "on pipes there is no socket"},
    "drop-in-socket": {},
}


@pytest.fixture(scope="module")
def results(request, tmp_path_factory) -> dict[tuple[str, int], Future[conformance.Result]]:
    """Judge all cases that were selected, in all modes, the slow ones first: they mostly wait."""
    directory = tmp_path_factory.mktemp("sockets")

    def judge(mode: str, number: int) -> conformance.Result:
        command = MODES[mode]
        (result,) = conformance.check(
            command,
            numbers=[number],
            socket=f"{directory}/{mode}-{number}" if "{socket}" in command else None,
            timeout_s=SHORT_S if number in ABOUT_TIME else LONG_S,
        )
        return result

    wanted = [
        (item.callspec.params["mode"], int(item.originalname.split("_")[1]))
        for item in request.session.items
        if item.path == request.path and "mode" in item.callspec.params
    ]
    wanted.sort(key=lambda one: one[1] not in (*ABOUT_TIME, 39))
    with ThreadPoolExecutor(max_workers=5) as pool:
        yield {one: pool.submit(judge, *one) for one in wanted}


@pytest.fixture(params=MODES)
def mode(request) -> str:
    """Name a mode."""
    return request.param


@pytest.fixture
def passes(results, mode) -> Callable[[int], None]:
    """Give a function that asserts the verdict of a case in a mode."""

    def check(number: int) -> None:
        result = results[mode, number].result()
        reason = NOT_APPLICABLE[mode].get(number)
        if reason is None:
            assert result.verdict is Verdict.PASS, str(result)
        else:
            assert result.verdict is Verdict.NOT_APPLICABLE, str(result)
            assert reason in result.reason

    return check


@pytest.mark.parametrize("number", CASES)
def test_each_case_is_judged_in_a_mode(number):
    """None is left out everywhere, and none without a test that asks for its verdict."""
    assert not all(number in left_out for left_out in NOT_APPLICABLE.values())
    assert any(name.startswith(f"test_{number:02}_") for name in globals())


def test_01_frame_cut_at_every_byte(passes):
    """Each part is a read of its own."""
    passes(1)


def test_02_many_frames_in_one_read(passes):
    """The pipe is full before the process is up."""
    passes(2)


def test_03_lengths_of_two_to_five_bytes(passes):
    """Non-minimal ones, too."""
    passes(3)


def test_04_length_over_the_limit(passes):
    """4 GiB, and a length that never ends."""
    passes(4)


def test_05_eof_between_frames(passes):
    """More than a pipe holds is queued when the input ends."""
    passes(5)


def test_06_eof_inside_a_frame(passes):
    """In the length, and in the body."""
    passes(6)


def test_07_body_that_is_not_protobuf(passes):
    """The error frame says so."""
    passes(7)


def test_08_unknown_request(passes):
    """Kapacitor may learn new ones."""
    passes(8)


def test_09_unknown_fields(passes):
    """In the message and in its envelope."""
    passes(9)


def test_10_empty_response(passes):
    """It would bring kapacitord down."""
    passes(10)


def test_11_prints(passes):
    """By four ways that reach file descriptor 1."""
    passes(11)


def test_12_info(passes):
    """One answer, all types of options."""
    passes(12)


def test_13_info_then_eof(passes):
    """Every start of the daemon does this."""
    passes(13)


def test_14_early_emit(passes):
    """Data before an answer would hang the start."""
    passes(14)


def test_15_options_of_all_types(passes):
    """Typed, and in the order of the TICKscript."""
    passes(15)


def test_16_bad_options(passes):
    """Refused, and the process leaves by itself."""
    passes(16)


def test_17_init_fails(passes):
    """Type, message and line."""
    passes(17)


def test_18_idle_keepalive(passes):
    """The same time comes back, at once."""
    passes(18)


def test_19_keepalive_behind_a_slow_point(passes):
    """The point takes twice the timeout."""
    passes(19)


def test_20_hang_beyond_the_busy_limit(passes):
    """Then there must be silence."""
    passes(20)


def test_21_slow_import(passes):
    """The module loads for twice the timeout."""
    passes(21)


def test_22_snapshots(passes):
    """As many answers as requests."""
    passes(22)


def test_23_snapshot_inside_a_batch(passes):
    """The state before it."""
    passes(23)


def test_24_restore(passes):
    """Bit by bit as if not interrupted."""
    passes(24)


def test_25_restore_of_a_misfit(passes):
    """Garbage, half a snapshot, other options."""
    passes(25)


def test_26_point_identity(passes):
    """All that the Handler did not change."""
    passes(26)


def test_27_field_of_changing_type(passes):
    """The last type alone is on the wire."""
    passes(27)


def test_28_bad_values(passes):
    """Missing, mistyped, infinite, not a number."""
    passes(28)


def test_29_none_one_or_many_outputs(passes):
    """All written before more input is awaited."""
    passes(29)


def test_30_interleaved_groups(passes):
    """Whatever their ids look like."""
    passes(30)


def test_31_extremes(passes):
    """Numbers, times, alphabets."""
    passes(31)


def test_32_point_from_scratch(passes):
    """It stays in its group."""
    passes(32)


def test_33_emit_from_threads(passes):
    """Never inside an open batch."""
    passes(33)


def test_34_one_batch_for_one(passes):
    """Begin and end carry what they must."""
    passes(34)


def test_35_empty_batch(passes):
    """Never a lone end."""
    passes(35)


def test_36_failure_inside_a_batch(passes):
    """No half of it goes out."""
    passes(36)


def test_37_batch_to_stream(passes):
    """With tmax, name, tags, dimensions."""
    passes(37)


def test_38_stream_to_batch(passes):
    """Whole batches of one group each."""
    passes(38)


def test_39_consumer_gone(passes):
    """Paused, closed, never read again."""
    passes(39)


def test_40_server_on_a_socket(passes):
    """Stale file, several connections, SIGTERM."""
    passes(40)
