"""Where data comes from: files, recordings, frames, and what is already there.

Every reader is a `kapnb.model.Source`. It reads anew each time it is iterated, keeps the
order of its data, and raises `kapnb.errors.SourceError` where something is wrong, naming the
place. Nothing here imports pandas; a DataFrame brings it along.
"""

from kapnb.sources import synthetic
from kapnb.sources._batch_recording import BatchRecording
from kapnb.sources._csv import Csv
from kapnb.sources._damage import DamageWarning
from kapnb.sources._frames import Frame
from kapnb.sources._influx import InfluxQuery
from kapnb.sources._lines import LineProtocol, parse_line, parse_lines, render_line
from kapnb.sources._open import Items, open_source
from kapnb.sources._parquet import Parquet
from kapnb.sources._stream_recording import StreamRecording
from kapnb.sources._typing import Typed, Typing, typed
from kapnb.sources._windows import Queried
from kapnb.sources._write import write_recording

__all__ = [
    "BatchRecording",
    "Csv",
    "DamageWarning",
    "Frame",
    "InfluxQuery",
    "Items",
    "LineProtocol",
    "Parquet",
    "Queried",
    "StreamRecording",
    "Typed",
    "Typing",
    "open_source",
    "parse_line",
    "parse_lines",
    "render_line",
    "synthetic",
    "typed",
    "write_recording",
]
