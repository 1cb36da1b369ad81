"""The types in C, for stubtest, which compares each of their members with the one that is declared over cffi."""

from typing import final

from fast_impl.cffi import consumer, core, message, producer, registry
from fast_impl.flatbuffers import over_cffi

@final
class ProducerHandle(producer.ProducerHandle): ...  # type: ignore[misc]

@final
class ConsumerHandle(consumer.ConsumerHandle): ...  # type: ignore[misc]

@final
class Message(message.Message): ...  # type: ignore[misc]

@final
class Batch(message.Batch): ...  # type: ignore[misc]

@final
class Reservation(producer.Reservation): ...  # type: ignore[misc]

@final
class NativeHandle(core.NativeHandle): ...  # type: ignore[misc]

@final
class Registry(registry.Registry): ...

@final
class CompiledSchema(over_cffi.CompiledSchema): ...

C_API: object
fences: str

def functions() -> dict[str, int]: ...
def turn() -> bool: ...
