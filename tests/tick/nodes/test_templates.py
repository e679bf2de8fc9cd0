"""Templates of alerts: what Go would print, and what is refused by name."""

from __future__ import annotations

import pytest

from kapnb.errors import TickError
from kapnb.model import Duration
from kapnb.tick._ast import Position
from kapnb.tick._types import Moment
from kapnb.tick.nodes._templates import StringMap, Template

VALUES = {
    "Name": "cpu",
    "TaskName": "t",
    "Group": "host=a",
    "Tags": StringMap(host="a"),
    "ID": "cpu:host=a",
    "Fields": {"usage": 93.0, "count": 3, "big": 1e21, "up": True, "text": "<a & b>"},
    "Level": "CRITICAL",
    "Time": Moment(1_700_000_000_500_000_000),
    "Duration": Duration.parse("90s"),
    "Message": "m",
}


def rendered(text: str, *, html: bool = False) -> str:
    return Template(text, "message", Position(3, 7), html=html).render(VALUES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("{{ .ID }} is {{.Level}}", "cpu:host=a is CRITICAL"),
        ('{{ index .Tags "host" }}/{{ .Tags.host }}', "a/a"),
        ('{{ index .Fields "usage" }} {{ .Fields.count }}', "93 3"),
        ('{{ index .Fields "big" }} {{ .Fields.up }}', "1e+21 true"),
        ('[{{ index .Tags "nope" }}] [{{ index .Fields "nope" }}]', "[] [<no value>]"),
        ("{{ .Duration }} {{ .Time }}", "1m30s 2023-11-14 22:13:20.5 +0000 UTC"),
        ('{{ if eq .Level "OK" }}fine{{ else }}bad{{ end }}', "bad"),
        (
            '{{ if eq .Level "OK" }}a{{ else if eq .Level "CRITICAL" }}b{{ else }}c{{ end }}!',
            "b!",
        ),
        ('{{ if and (gt .Fields.count 2) (ne .Name "mem") }}yes{{ end }}', "yes"),
        ("{{ if not .Fields.nope }}none{{ end }}", "none"),
        ('{{ if eq .Level "A" "CRITICAL" }}one of{{ end }}', "one of"),
        ("a {{- .Name -}} b", "acpub"),
        ("{{/* nothing */}}x", "x"),
        ("{{ .Fields }}", "map[big:1e+21 count:3 text:<a & b> up:true usage:93]"),
        ("{{ `raw` }}{{ 5 }}{{ 1.5 }}", "raw51.5"),
    ],
)
def test_a_template_prints_as_go_does(text, expected):
    """Floats without needless zeros, durations and times in Go's form."""
    assert rendered(text) == expected


def test_a_missing_entry_is_the_zero_of_its_map():
    """Of tags an empty string, of fields nothing, whatever else the map holds."""
    values = {"Tags": StringMap(), "Fields": {"text": "only strings"}}
    template = Template(
        '[{{ index .Tags "x" }}][{{ .Tags.x }}][{{ index .Fields "x" }}]', "id", Position(1, 1)
    )

    assert template.render(values) == "[][<no value>][<no value>]"


def test_details_are_html():
    """Values are escaped and a missing one is empty; the text around is not touched."""
    assert rendered("<b>{{ .Fields.text }}</b>{{ .Fields.nope }}", html=True) == (
        "<b>&lt;a &amp; b&gt;</b>"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ range .Tags }}x{{ end }}", "range in the template of .message is not simulated"),
        ('{{ printf "%d" 5 }}', "printf in the template of .message is not simulated"),
        ("{{ json . }}", 'function "json" not defined'),
        ("{{ .ID | html }}", "a pipeline in the template of .message is not simulated"),
        ("{{ $x := 5 }}", "a variable in the template of .message is not simulated"),
        ("{{ .ServerInfo.Hostname }}", ".ServerInfo in the template of .message"),
        ("{{ . }}", "is not simulated"),
        ("{{ .Nope }}", "can't evaluate field Nope"),
        ("{{ if .ID }}x", "unexpected EOF"),
        ("{{ eq .ID }}", "wrong number of args for eq"),
        ("{{ end }}", "template: message:1: unexpected {{end}}"),
        ("a\n{{ }}", "template: message:2: missing value for command"),
        ("{{ .ID", "template: message:1: unclosed action"),
        ("{{ .ID }}\nis {{ .Level", "template: message:2: unclosed action"),
        ("{{ upper .ID }}", 'template: message:1: function "upper" not defined'),
    ],
)
def test_another_construct_is_refused_by_name_and_place(text, message):
    """Nothing is printed that Go would print otherwise."""
    with pytest.raises(TickError) as caught:
        rendered(text)

    assert message in str(caught.value)
    assert caught.value.line == 3


def test_values_of_different_types_cannot_be_compared():
    """Go ends the task with this error; so does a simulation."""
    with pytest.raises(TickError, match="error calling eq: incompatible types for comparison"):
        rendered('{{ if eq .Fields.count "3" }}x{{ end }}')
