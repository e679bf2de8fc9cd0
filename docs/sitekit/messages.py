"""The fields of messages of `kapnb.compat.udf_pb2`, which are described for the wire.

They are written as in proto/udf.proto. Knows nothing of Sphinx.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import FieldDescriptor

from kapnb.compat import udf_pb2
from kapnb.compat._message import Message

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor

__all__ = ["fields_of", "listed"]

_SCALARS = {
    getattr(FieldDescriptor, name): name.removeprefix("TYPE_").lower()
    for name in dir(FieldDescriptor)
    if name.startswith("TYPE_")
}


def fields_of(descriptor: Descriptor) -> list[tuple[str, str]]:
    """Return name and type of each field of a message."""
    return [(field.name, _type(field)) for field in descriptor.fields]


def listed(value: Any) -> list[str]:
    """Return the lines that a docstring needs, if it is a message's with fields of its own.

    Of messages that are documented nowhere else, those within it, the fields stand there, too.
    """
    if not (isinstance(value, type) and issubclass(value, Message)):
        return []
    lines = [f"- ``{name}``: ``{kind}``" for name, kind in fields_of(value.DESCRIPTOR)]
    for inner in _within(value.DESCRIPTOR):
        parts = ", ".join(f"``{name}``: ``{kind}``" for name, kind in fields_of(inner))
        lines += ["", f"A message ``{inner.name}`` holds {parts}."]
    return ["", "Fields:", "", *lines, ""] if lines else []


def _type(field: FieldDescriptor) -> str:
    inner = field.message_type
    if inner is not None and inner.GetOptions().map_entry:
        key, value = (_type(inner.fields_by_name[name]) for name in ("key", "value"))
        return f"map<{key}, {value}>"
    named = inner or field.enum_type
    name = named.name if named else _SCALARS[field.type]
    return f"repeated {name}" if field.is_repeated else name


def _within(descriptor: Descriptor) -> list[Descriptor]:
    """Return the messages of fields, and of theirs, that the reference has not by themselves."""
    found: list[Descriptor] = []
    for field in descriptor.fields:
        inner = field.message_type
        if inner is not None and inner.GetOptions().map_entry:
            inner = inner.fields_by_name["value"].message_type
        if inner is not None and inner.name not in udf_pb2.__all__:
            found += [inner, *_within(inner)]
    return found
