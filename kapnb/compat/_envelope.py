"""Response and Request: a message that holds one other message.

Which one it holds is decided by the first touch, as with protobuf's one-of: looking at
``response.point`` changes nothing, setting a field of it, or copying into it, makes the response
one with a point.
"""

from __future__ import annotations

from typing import Any, ClassVar

from kapnb.compat._bytes import delimited, fields
from kapnb.compat._message import AnyMessage, Message, parser

__all__ = ["Envelope", "member"]


def member(cls: type[Message]) -> Any:
    """Return the property of an envelope that holds a message of class `cls`."""
    new = cls.__new__

    def get(self: Envelope) -> Any:
        held = self._member
        if type(held) is cls:
            return held
        if self._offered is not None:
            return self._offer(cls)
        self._offered = offered = new(cls)
        offered._raw = b""
        offered._message = offered._late = offered._past = offered._foreseen = None
        offered._parent = self
        return offered

    def assign(self: Envelope, value: Any) -> None:
        raise AttributeError(
            f"a {cls.__name__} cannot be assigned; use .CopyFrom(message) on the field"
        )

    return property(get, assign, doc=f"The {cls.__name__}, if it is one.")


class Envelope(AnyMessage):
    """One of several messages, or none."""

    __slots__ = ("_member", "_offered")

    #: Class of the content → name of its field, and → its number on the wire.
    _names: ClassVar[dict[type[Message], str]]
    _numbers: ClassVar[dict[str, int]]

    def __init__(self, **content: Any) -> None:
        self._member: Message | None = None
        # What was handed out and not touched: one message, or several by class.
        self._offered: Message | dict[type[Message], Message] | None = None
        if content:
            for name, value in content.items():
                self._fill(name, value)

    def _fill(self, name: str, value: Any) -> None:
        """Set what the constructor was given."""
        cls = self._class(name)
        if value is not None:
            content = cls(**value) if isinstance(value, dict) else cls()._same_kind(value)
            self._hold(content.__copy__())

    @classmethod
    def _class(cls, name: str) -> type[Message]:
        for content, known in cls._names.items():
            if known == name:
                return content
        raise ValueError(f'Protocol message {cls.__name__} has no "{name}" field.')

    def _offer(self, cls: type[Message]) -> Message:
        """Hand out an empty message, and the same again as long as it is not touched."""
        several = self._offered
        if not isinstance(several, dict):
            assert several is not None
            several = self._offered = {type(several): several}
        offered = several.get(cls)
        if offered is None:
            offered = several[cls] = cls()
            offered._parent = self
        return offered

    def _adopt(self, content: Message) -> None:
        """Become a response with this content, which has been touched."""
        self._member = content
        if self._offered is content:
            self._offered = None
        elif isinstance(self._offered, dict):
            self._offered.pop(type(content), None)

    def _hold(self, content: Message | None) -> None:
        self._member = content
        self._offered = None

    # -------------------------------------------------------------- bytes and messages

    def _bytes(self) -> bytes:
        held = self._member
        if held is None:
            return b""
        return delimited(self._numbers[self._names[type(held)]], held._bytes())

    def _read(self) -> Any:
        return parser(type(self).__name__)(self._bytes())

    def _become(self, raw: bytes, message: Any) -> None:
        message = message or parser(type(self).__name__)(raw)
        name = message.WhichOneof("message")
        if name is None:
            self._hold(None)
            return
        content = self._class(name)()
        found = _whole_content(raw, self._numbers[name])
        content.ParseFromString(
            getattr(message, name).SerializeToString() if found is None else found
        )
        self._hold(content)

    # ------------------------------------------------------------- protobuf's methods

    def WhichOneof(self, oneof_group: str) -> str | None:
        """Return the name of the field that is set."""
        if oneof_group != "message":
            raise ValueError(f'{type(self).__name__} has no one-of "{oneof_group}"')
        return None if self._member is None else self._names[type(self._member)]

    def HasField(self, field_name: str) -> bool:
        """Tell whether it is this field that is set."""
        return type(self._member) is self._class(field_name)

    def ClearField(self, field_name: str) -> None:
        """Empty the message if it is this field that is set."""
        if field_name == "message" or self.HasField(field_name):
            self._hold(None)

    def Clear(self) -> None:
        """Empty the message."""
        self._hold(None)

    def CopyFrom(self, other: Any) -> None:
        """Replace the content by that of another, sharing its bytes."""
        other = self._same_kind(other)
        if other is self:
            return
        self._hold(None)
        if other._member is not None:
            self._hold(other._member.__copy__())

    def MergeFrom(self, other: Any) -> None:
        """Merge the content of another into this one's if both hold the same kind."""
        held = self._same_kind(other)._member
        if held is None:
            return
        if type(held) is type(self._member):
            self._member.MergeFrom(held)
        else:
            self._hold(held.__copy__())


def _whole_content(raw: bytes, number: int) -> bytes | None:
    """Return what the one field in `raw` holds, if there is but one: its order is kept."""
    found = fields(raw)
    if len(found) == 1 and found[0][0] == number:
        return found[0][1]
    return None
