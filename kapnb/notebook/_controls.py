"""Buttons for a live run, where a front end may show widgets.

Each calls the method of `LiveRun` that has its name, and nothing else. Needs ipywidgets; where
they are not installed there are no buttons, and the methods remain.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kapnb.notebook._live_run import LiveRun

__all__ = ["SPEEDS", "Buttons", "widget_view", "widgets_exist"]

#: Label of the menu, and what `LiveRun.speed` is set to.
SPEEDS: dict[str, Any] = {
    "real time": 1.0,
    "10x": 10.0,
    "60x": 60.0,
    "600x": 600.0,
    "3600x": 3600.0,
    "max": "max",
}
_VIEW = "application/vnd.jupyter.widget-view+json"


def widgets_exist() -> bool:
    """Return whether ipywidgets is installed."""
    return importlib.util.find_spec("ipywidgets") is not None


class Buttons:
    """Pause or resume, back, step, speed, stop.

    Parameters
    ----------
    run : LiveRun
        What they steer.

    Attributes
    ----------
    box : ipywidgets.HBox
        Of class ``kapnb-live-buttons``; its parts are of the classes ``kapnb-live-pause``,
        ``-back``, ``-step``, ``-speed``, ``-stop`` and ``-state``.
    """

    def __init__(self, run: LiveRun) -> None:
        import ipywidgets as widgets

        self._run = run
        self.pause = _button("Pause", "pause", self._pause_or_resume)
        self.back = _button("Back", "step-backward", self._doing(run.back), "Step back")
        self.step = _button("Step", "step-forward", self._doing(run.step))
        self.stop = _button("Stop", "stop", self._doing(run.stop, "stopping"))
        self.state = widgets.Label("", layout=widgets.Layout(margin="0 0 0 1em"))
        self.state.add_class("kapnb-live-state")
        self.speed = widgets.Dropdown(
            options=list(self._speeds().items()),
            value=run.speed,
            tooltip="Speed",
            layout=widgets.Layout(width="7.5em"),
        )
        self.speed.add_class("kapnb-live-speed")
        self.speed.observe(self._change_speed, "value")
        self.box = widgets.HBox(
            [self.pause, self.back, self.step, self.speed, self.stop, self.state]
        )
        self.box.add_class("kapnb-live-buttons")
        self.refresh("running")

    def refresh(self, state: str) -> None:
        """Show what can be done in this state of the run."""
        running = state == "running"
        self.pause.tooltip = "Pause" if running else "Resume"
        self.pause.description = "Pause" if running else "Resume"
        self.pause.icon = "pause" if running else "play"
        self.state.value = state
        if self.speed.value != self._run.speed:
            self.speed.options = list(self._speeds().items())
            self.speed.value = self._run.speed

    def close(self) -> None:
        """Let go of the widgets; the run is over."""
        for part in (*self.box.children, self.box):
            part.close()

    def _speeds(self) -> dict[str, Any]:
        """Return the menu, with the run's own speed wherever it came from."""
        speed = self._run.speed
        if speed in SPEEDS.values():
            return SPEEDS
        return {f"{speed:g}x": speed, **SPEEDS}

    def _pause_or_resume(self) -> None:
        if self._run.state == "running":
            self._doing(self._run.pause)()
        else:
            self._run.resume()

    def _doing(self, do: Callable[[], Any], what: str = "pausing") -> Callable[[], None]:
        """Return what says at once that it was heard, and what went wrong.

        The Handler's call at hand may take long, and it waits for that.
        """

        def doing() -> None:
            if self._run.state == "running":
                self.state.value = what
            try:
                do()
            except Exception as error:  # else it ends in a log that nobody sees
                self._run.tell(error)

        return doing

    def _change_speed(self, change: Any) -> None:
        if change["new"] != self._run.speed:
            self._run.speed = change["new"]


def widget_view(widget: Any) -> dict[str, Any]:
    """Return the bundle that shows a widget, without the text that names its address."""
    bundle = widget._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle  # anywidget gives metadata, too
    return {_VIEW: data[_VIEW]}


def _button(name: str, icon: str, press: Callable[[], Any], title: str = "") -> Any:
    import ipywidgets as widgets

    button = widgets.Button(
        description=name, icon=icon, tooltip=title or name, layout=widgets.Layout(width="7.5em")
    )
    button.add_class(f"kapnb-live-{name.lower()}")
    button.on_click(lambda _: press())
    return button
