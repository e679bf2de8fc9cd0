"""Log records as JSON, one object a line, for those whose log is read by a program."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timezone

__all__ = ["JsonFormatter"]

#: Longest text of one member, in characters; the line must stay below Kapacitor's limit.
_TEXT_MAX = 20_000


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
            entry["counters"] = counters
        return json.dumps(entry, default=str)


def _short(text: str) -> str:
    """Cut text that would make too long a line; what matters stands at the ends."""
    if len(text) <= _TEXT_MAX // 6:  # JSON may write six characters for one
        return text
    half = _TEXT_MAX // 12
    return f"{text[:half]} … {text[-half:]}"
