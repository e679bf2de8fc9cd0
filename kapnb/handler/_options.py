"""Options: declared once on the Handler class, received typed, read as attributes.

The declaration is the single truth: it gives the info answer, the checks at init, and the
TICKscript to paste.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from kapnb.errors import OptionError
from kapnb.model import Duration, OptionValue, ReceivedOption, ValueType

__all__ = ["REQUIRED", "Option", "check_declaration", "option_info", "receive_options"]

_T = TypeVar("_T")

#: What a type in a declaration is to Kapacitor.
VALUE_TYPES: dict[type, ValueType] = {
    str: ValueType.STRING,
    int: ValueType.INT,
    float: ValueType.DOUBLE,
    bool: ValueType.BOOL,
    Duration: ValueType.DURATION,
}


class _Required:
    """Default of an option that must be given."""

    def __repr__(self) -> str:
        return "REQUIRED"


#: The default of an option that has none: the TICKscript must give it.
REQUIRED = _Required()

#: Words of the language, and properties of the UDF node that an option would shadow.
_RESERVED = {
    "var": "a keyword of TICKscript",
    "dbrp": "a keyword of TICKscript",
    "lambda": "a keyword of TICKscript",
    "AND": "a keyword of TICKscript",
    "OR": "a keyword of TICKscript",
    "TRUE": "a keyword of TICKscript",
    "FALSE": "a keyword of TICKscript",
    "quiet": "a property of every Kapacitor node",
    "options": "a property of the UDF node",
    "uDFName": "a property of the UDF node",
}


class Option(Generic[_T]):
    """An option of a Handler, as a class attribute.

    Parameters
    ----------
    *types : {str, int, float, bool, Duration}
        Types of its arguments. One gives a plain value, several a tuple; none makes the
        option a flag, False unless the TICKscript names it.
    default : optional
        Value where the TICKscript does not give the option; without it the option is
        required.
    doc : str, optional
        What it is for; shown in the Handler's help and in generated TICKscripts.
    name : str, optional
        Its name in the TICKscript where that cannot be the attribute's, such as ``as``.
    many : bool, default: False
        The option may be repeated; its value is a list, empty by default.

    Notes
    -----
    Kapacitor never converts: ``.threshold(50)`` is an INT and does not satisfy a float
    option; write ``.threshold(50.0)``. A Duration is an int in nanoseconds.

    Examples
    --------
    >>> class Threshold(Handler):
    ...     field = Option(str, doc="field to watch")
    ...     limit = Option(float, default=80.0)
    ...     as_ = Option(str, default="high", name="as")
    >>> Threshold().limit
    80.0
    """

    if TYPE_CHECKING:

        @overload
        def __init__(self: Option[bool], *, doc: str = ..., name: str | None = ...) -> None: ...
        @overload
        def __init__(
            self: Option[list[_T]],
            type: type[_T],
            /,
            *,
            doc: str = ...,
            name: str | None = ...,
            many: bool,
        ) -> None: ...
        @overload
        def __init__(
            self: Option[_T],
            type: type[_T],
            /,
            *,
            default: _T = ...,
            doc: str = ...,
            name: str | None = ...,
        ) -> None: ...
        @overload
        def __init__(
            self: Option[Any],
            *types: type,
            default: Any = ...,
            doc: str = ...,
            name: str | None = ...,
            many: bool = ...,
        ) -> None: ...

    def __init__(
        self,
        *types: type,
        default: Any = REQUIRED,
        doc: str = "",
        name: str | None = None,
        many: bool = False,
    ) -> None:
        for kind in types:
            if not isinstance(kind, type) or kind not in VALUE_TYPES:
                known = ", ".join(known.__name__ for known in VALUE_TYPES)
                raise OptionError(f"an option's type is one of {known}; got {kind!r}")
        self.types = tuple(VALUE_TYPES[kind] for kind in types)
        self.doc = doc
        self.many = many
        self.name = name or ""
        self.attribute = ""
        if many and default in (REQUIRED, None):
            default = []
        elif default is REQUIRED and not types:
            default = False
        self.default = self._check_default(types, default)

    def _check_default(self, types: tuple[type, ...], default: Any) -> Any:
        if default is REQUIRED or default is None or self.many or len(types) != 1:
            return default
        (kind,) = types
        if kind in (float, Duration) and type(default) is int:
            return kind(default)
        if type(default) is not kind:
            raise OptionError(f"default {default!r} is not of the option's type {kind.__name__}")
        return default

    @property
    def required(self) -> bool:
        """Whether the TICKscript must give it."""
        return self.default is REQUIRED

    def __set_name__(self, owner: type, attribute: str) -> None:
        self.attribute = attribute
        self.name = self.name or attribute

    @overload
    def __get__(self, instance: None, owner: type) -> Option[_T]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> _T: ...
    def __get__(self, instance: object | None, owner: type) -> Any:
        # Received values lie in the instance's __dict__, which Python asks before this.
        if instance is None:
            return self
        if self.default is REQUIRED:
            raise OptionError(f"option {self.name!r} has no default and was not given")
        return self.default_value()

    def default_value(self) -> Any:
        """Return the default; of a list a fresh one."""
        return list(self.default) if self.many else self.default

    def __repr__(self) -> str:
        types = ", ".join(kind.name for kind in self.types)
        return f"Option({self.name}: {types or 'flag'}, default {self.default!r})"

    def value(self, values: tuple[OptionValue, ...]) -> Any:
        """Return what the attribute holds for one use of the option.

        Raises
        ------
        OptionError
            In Kapacitor's words, if number or types of the arguments are wrong.
        """
        if len(values) != len(self.types):
            raise OptionError(
                f"unexpected number of args to {self.name}, "
                f"got {len(values)} expected {len(self.types)}"
            )
        items = [self._argument(item, kind) for item, kind in zip(values, self.types, strict=True)]
        if not items:
            return True
        return items[0] if len(items) == 1 else tuple(items)

    def _argument(self, item: OptionValue, kind: ValueType) -> Any:
        if item.type is not kind or item.value is None:
            raise OptionError(
                f"unexpected arg to {self.name}, got {item.type.name} expected {kind.name}"
                + _hint(self.name, item, kind)
            )
        return Duration(item.value) if kind is ValueType.DURATION else item.value


def _hint(name: str, item: OptionValue, kind: ValueType) -> str:
    """Return the remedy for the mistakes people make, or nothing."""
    if item.type is ValueType.INT and kind is ValueType.DOUBLE:
        return f" (write .{name}({item.value}.0))"
    if item.value is None:
        return f" (.{name}(…) was given a reference or a lambda; quote strings with ')"
    return ""


def check_declaration(options: Mapping[str, Option[Any]], taken: Iterable[str], owner: str) -> None:
    """Refuse options that could not be used.

    Parameters
    ----------
    options : mapping of attribute name to Option
        What the class declares.
    taken : iterable of str
        Attribute names that mean something else on a Handler.
    owner : str
        The class's name, for the message.

    Raises
    ------
    OptionError
        If an option's name is no TICKscript name, is taken, or is given twice.
    """
    taken = frozenset(taken)
    seen: dict[str, str] = {}
    for attribute, option in options.items():
        name = option.name
        if attribute in taken:
            raise OptionError(
                f"{owner}.{attribute} is a method of Handler and cannot be an option; write "
                f"{attribute}_ = Option(…, name={name!r})"
            )
        if not _is_identifier(name):
            raise OptionError(
                f"{owner}.{attribute}: {name!r} is no TICKscript name; it starts with a letter "
                "and goes on with letters, digits, underscores"
            )
        if name in _RESERVED:
            raise OptionError(f"{owner}.{attribute}: {name!r} is {_RESERVED[name]}; rename it")
        if name in seen:
            raise OptionError(f"{owner}: option {name!r} is both {seen[name]} and {attribute}")
        seen[name] = attribute


def _is_identifier(name: str) -> bool:
    """Return whether TICKscript can name it so; the underscore may not come first."""
    return name[:1].isalpha() and name.replace("_", "a").isalnum()


def option_info(options: Mapping[str, Option[Any]]) -> dict[str, tuple[ValueType, ...]]:
    """Return the options of an info answer."""
    return {option.name: option.types for option in options.values()}


def receive_options(
    options: Mapping[str, Option[Any]], received: Iterable[ReceivedOption]
) -> dict[str, Any]:
    """Return attribute → value for what Kapacitor sent.

    Raises
    ------
    OptionError
        Naming everything that is missing, unknown, repeated or of the wrong type.
    """
    by_name = {option.name: option for option in options.values()}
    values: dict[str, Any] = {}
    problems: list[str] = []
    for item in received:
        option = by_name.get(item.name)
        if option is None:
            known = ", ".join(sorted(by_name)) or "none"
            problems.append(f"unknown option {item.name!r} (options: {known})")
            continue
        try:
            value = option.value(item.values)
        except OptionError as error:
            problems.append(str(error))
            continue
        if option.many:
            values.setdefault(option.attribute, []).append(value)
        elif option.attribute in values:
            problems.append(f"option {item.name!r} is given twice")
        else:
            values[option.attribute] = value
    given = {item.name for item in received}
    missing = [name for name, option in by_name.items() if option.required and name not in given]
    problems += [f"missing required option {name!r}" for name in missing]
    if problems:
        raise OptionError("; ".join(problems))
    # Defaults, too: an attribute of the instance is read faster than one of the class.
    defaults = {
        attribute: option.default_value()
        for attribute, option in options.items()
        if not option.required
    }
    return defaults | values
