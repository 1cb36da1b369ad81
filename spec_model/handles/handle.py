"""What producer and consumer handles have in common."""

from __future__ import annotations

from types import TracebackType
from typing import Any, TypeVar

from spec_model.channel import queries
from spec_model.channel.value import Side
from spec_model.config import ChannelConfig
from spec_model.handles.seat import Seat
from spec_model.handles.unique import Granted

H = TypeVar("H", bound="Handle")


class Handle(Granted):
    """One end of a channel, ended by `close()`, by `with`, or with its last reference [LIF-1]."""

    _seat: Seat[Any]

    @classmethod
    def _of(cls: type[H], seat: Seat[Any]) -> H:
        handle = cls.__new__(cls)
        handle._seat = seat
        return handle

    def _side(self) -> Side:
        """What has become of this handle."""
        raise NotImplementedError

    def is_connected(self) -> bool:
        """Whether this handle is active, its peer there, and the channel not shut down (§5.4, §6.4)."""
        return queries.is_connected(self._seat.channel)

    def get_config(self) -> ChannelConfig:
        """The normalised configuration [BRK-2]; zeros for a moved-from handle [LIF-5]."""
        return queries.get_config(self._seat.channel, self._side())

    def capacity(self) -> int:
        """Messages that fit in the channel (§5.4, §6.4)."""
        return self.get_config().capacity

    def max_message_size(self) -> int:
        """Bytes of the largest message (§5.4, §6.4)."""
        return self.get_config().max_message_size

    def close(self) -> None:
        """End this handle; a second time does nothing [LIF-1]."""
        self._seat.close()

    def __enter__(self: H) -> H:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        seat = getattr(self, "_seat", None)
        if seat is not None:
            seat.depart()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}, {self._side().value}>"
