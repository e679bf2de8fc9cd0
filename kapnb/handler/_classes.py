"""Values of the author's classes in a snapshot: dataclasses, named tuples, enum members.

Written are the class's name and what is stored in the instance. Rebuilt is an instance into
which the same is stored again: no ``__init__``, ``__new__``, ``__post_init__``, property or
descriptor of the class is called, for they may do anything.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Mapping
from types import MemberDescriptorType
from typing import Any

from kapnb.handler._codec import MARK, Decoder, Encoder, Misfit, Unkept
from kapnb.handler._namespace import class_dict

__all__ = ["read_dataclass", "read_enum", "read_namedtuple", "writer_of"]

_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE: made by a class statement, not in C


def writer_of(encoder: Encoder, kind: type) -> Callable[[Encoder, Any], Any] | None:
    """Return what writes the instances of `kind`, or None if it is no class of this sort.

    Raises
    ------
    Unkept
        If it is, but could not be rebuilt.
    """
    if _is_enum(kind):
        return _enum_writer(_named(encoder, kind, "an enum"))
    if _is_namedtuple(kind):
        name = _named(encoder, kind, "a named tuple")
        encoder.classes[name] = list(kind._fields)  # type: ignore[attr-defined]
        return _namedtuple_writer(name)
    if not _is_dataclass(kind):
        return None
    name = _named(encoder, kind, "a dataclass")
    if bases := [base.__name__ for base in kind.__mro__[:-1] if not base.__flags__ & _HEAP_TYPE]:
        raise Unkept(
            f"is a dataclass {name} that is a {bases[0]} too, whose content would be lost; give "
            f"it a field of type {bases[0]} instead"
        )
    encoder.classes[name] = [field.name for field in dataclasses.fields(kind)]
    return _dataclass_writer(name, _slots(kind))


def _is_dataclass(kind: type) -> bool:
    return any("__dataclass_fields__" in class_dict(base) for base in kind.__mro__)


def _is_namedtuple(kind: type) -> bool:
    return issubclass(kind, tuple) and any("_fields" in class_dict(base) for base in kind.__mro__)


def _is_enum(kind: type) -> bool:
    return issubclass(type(kind), enum.EnumMeta)


def _named(encoder: Encoder, kind: type, what: str) -> str:
    """Return the name under which a class will be found again."""
    name = encoder.namespace.name_of(kind)
    if name is None:
        raise Unkept(
            f"is {what} {kind.__qualname__}, which is not to be found in the Handler's module "
            f"({encoder.namespace.module}); define it there at the top level, or import it there "
            "by name"
        )
    return name


def _found(decoder: Decoder, name: Any, fits: Callable[[type], bool], what: str) -> Any:
    found = decoder.namespace.find(name)
    if found is None or not fits(found):
        raise Misfit(
            f"there is no {what} {name!r:.60} in the Handler's module "
            f"({decoder.namespace.module}) now"
        )
    return found


# ---------------------------------------------------------------- dataclasses


def _slots(kind: type) -> dict[str, MemberDescriptorType]:
    """Return the slots of a class and its bases, which C code reads and writes."""
    return {
        name: member
        for base in reversed(kind.__mro__)
        for name, member in class_dict(base).items()
        if type(member) is MemberDescriptorType
    }


def _own_dict(instance: Any) -> dict[str, Any] | None:
    """Return an instance's attributes without asking its class, which may answer anything."""
    try:
        own: dict[str, Any] = object.__getattribute__(instance, "__dict__")
    except AttributeError:  # slots only
        return None
    return own


def _dataclass_writer(name: str, slots: Mapping[str, Any]) -> Callable[[Encoder, Any], Any]:
    def write(encoder: Encoder, value: Any) -> Any:
        # What is stored, not what attributes say: a property would run, and an attribute
        # that is no field, as __post_init__ may set, would be missing after a restore.
        stored = {}
        for slot, member in slots.items():
            try:
                stored[slot] = member.__get__(value, type(value))
            except AttributeError:  # an empty slot, and so it will be again
                continue
        stored.update(_own_dict(value) or ())
        return {MARK: "dataclass", "class": name, "v": encoder.named(stored, value, ".{}")}

    return write


class _Plan:
    """How instances of one class are rebuilt, found out once a snapshot."""

    def __init__(self, decoder: Decoder, cls: Any, name: str, then: list[str]) -> None:
        self.cls = cls
        self.slots = _slots(cls)
        fields = {field.name: field for field in dataclasses.fields(cls)}
        self.lost, self.added = _differences(decoder, f"dataclass {name!r}", then, list(fields))
        self.added_fields = [fields[added] for added in self.added]


def _differences(
    decoder: Decoder, what: str, then: list[str], now: list[str]
) -> tuple[frozenset[str], list[str]]:
    """Return the fields that are no more, and those that are new; refuse them if strict."""
    lost, added = frozenset(then).difference(now), [name for name in now if name not in then]
    if lost or added:
        text = f"{what} had the fields {', '.join(then)}, now {', '.join(now)}"
        if not decoder.tolerant:
            raise Misfit(text)
        decoder.bent.add(text)
    return lost, added


def _plan(decoder: Decoder, name: Any, values: dict[str, Any]) -> _Plan:
    plan: _Plan | None = decoder.plans.get(name)
    if plan is None:
        cls = _found(decoder, name, _is_dataclass, "dataclass")
        then = decoder.classes.get(name)
        # Format 1 has no table of classes; its values are the fields, no more and no less.
        plan = _Plan(decoder, cls, name, list(values) if then is None else then)
        if then is not None:
            decoder.plans[name] = plan
    return plan


def read_dataclass(decoder: Decoder, value: Any) -> Any:
    """Rebuild a dataclass."""
    values = value["v"]
    plan = _plan(decoder, value["class"], values)
    instance = object.__new__(plan.cls)
    own = _own_dict(instance)
    for name, item in values.items():
        if name in plan.lost:
            continue
        _store(plan, instance, own, name, decoder.decode(item))
    for field in plan.added_fields:
        if field.name not in values:
            _store(plan, instance, own, field.name, _default(value["class"], field))
    return instance


def _store(plan: _Plan, instance: Any, own: dict[str, Any] | None, name: str, value: Any) -> None:
    member = plan.slots.get(name)
    if member is not None:
        member.__set__(instance, value)
    elif own is not None:
        own[name] = value
    else:
        raise Misfit(f"dataclass {plan.cls.__name__!r} has no place for {name!r:.60} now")


def _default(name: str, field: dataclasses.Field[Any]) -> Any:
    """Return what a new field starts with; a factory is today's code, not the snapshot's."""
    if field.default is not dataclasses.MISSING:
        return field.default
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    raise Misfit(f"dataclass {name!r} has a new field {field.name!r} without a default")


# --------------------------------------------------------------- named tuples


def _namedtuple_writer(name: str) -> Callable[[Encoder, Any], Any]:
    def write(encoder: Encoder, value: Any) -> Any:
        if _own_dict(value):
            raise Unkept(f"is a named tuple {name} with attributes of its own; make them fields")
        parts = dict(zip(type(value)._fields, value, strict=True))
        return {MARK: "namedtuple", "class": name, "v": encoder.named(parts, value, ".{}")}

    return write


def read_namedtuple(decoder: Decoder, value: Any) -> Any:
    """Rebuild a named tuple."""
    name, values = value["class"], value["v"]
    cls = _found(decoder, name, _is_namedtuple, "named tuple")
    now = list(cls._fields)
    _, added = _differences(decoder, f"named tuple {name!r}", list(values), now)
    parts = decoder.named({field: values[field] for field in now if field in values})
    for field in added:
        if field not in cls._field_defaults:
            raise Misfit(f"named tuple {name!r} has a new field {field!r} without a default")
        parts[field] = cls._field_defaults[field]
    return tuple.__new__(cls, [parts[field] for field in now])


# ---------------------------------------------------------------------- enums


def _members(cls: type) -> Mapping[str, Any]:
    members: Mapping[str, Any] = class_dict(cls)["_member_map_"]
    return members


def _enum_writer(name: str) -> Callable[[Encoder, Any], Any]:
    def write(encoder: Encoder, value: Any) -> Any:
        member = value._name_
        if _members(type(value)).get(member) is not value:
            raise Unkept(f"is a combination of {name} flags, which has no name; keep its value")
        return {MARK: "enum", "class": name, "v": member}

    return write


def read_enum(decoder: Decoder, value: Any) -> Any:
    """Find a member of an enum."""
    cls = _found(decoder, value["class"], _is_enum, "enum")
    member = _members(cls).get(value["v"])
    if member is None:
        raise Misfit(f"enum {value['class']!r} has no member {value['v']!r:.60} now")
    return member
