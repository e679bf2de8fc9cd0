"""Log records as JSON, one object a line, for those whose log is read by a program."""

from __future__ import annotations

import json
import logging
import math
from datetime import datetime, timezone

__all__ = ["JsonFormatter"]

#: Longest text of one member, in bytes of the line, which must stay below Kapacitor's limit.
_TEXT_MAX = 24_000


class JsonFormatter(logging.Formatter):
    """One object a record: time, level, logger, message, and error or counters if there are."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line."""
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _short(record.getMessage()),
        }
        if record.exc_info and record.exc_info[0] is not None:
            entry["error"] = record.exc_info[0].__name__
            entry["traceback"] = _short(self.formatException(record.exc_info))
        counters = getattr(record, "counters", None)
        if isinstance(counters, dict):
            entry["counters"] = {
                name: None if isinstance(value, float) and not math.isfinite(value) else value
                for name, value in counters.items()
            }
        return json.dumps(entry, default=str)


def _short(text: str) -> str:
    """Cut text that would make too long a line; what matters stands at the ends."""
    size_max = _TEXT_MAX // 12  # JSON may write twelve bytes for one character
    if len(text) <= size_max:
        return text
    return f"{text[: size_max // 2]} … {text[-size_max // 2 :]}"
