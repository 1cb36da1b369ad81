"""Why an access stays as it is, though no client fails when it is weaker."""

from __future__ import annotations

_SAME = "C has no plain look at an atomic object, and the instruction is the same."
_PRODUCERS = f"Only who is inside the producer writes it, so nothing races with this look of its own; {_SAME}"
_CONSUMERS = f"Only who is inside the consumer writes it, so nothing races with this look of its own; {_SAME}"
_INSIDE = f"Only who is inside the handle writes it, so nothing races with this look of its own; {_SAME}"
_BUSY = f"Only who is BUSY writes it, which is the one who looks; {_SAME}"
_SITTER = f"Only the thread whose seat it is writes it, which is the one who looks; {_SAME}"
_LEFT = f"It does not change while somebody is inside, as who looks still is; {_SAME}"
_CAME = f"Whoever changed it was BUSY, and the acquire just before has seen that come and go; {_SAME}"
_ENDED = f"The producer has ended, which the acquire just before says: nobody writes it any more; {_SAME}"

REASONS: dict[str, str] = {
    "ring.h count: platform_load(counter, relaxed) -> nonatomic": _INSIDE,
    "consumer.c entered_pop: platform_load(&ring->read_index, relaxed) -> nonatomic": _CONSUMERS,
    "consumer.c pop: platform_load(&ring->read_index, relaxed) -> nonatomic": _CONSUMERS,
    "guard.h guard_count: platform_load(&guard->entries, relaxed) -> nonatomic": _INSIDE,
    "guard.h guard_enter: platform_load(&guard->inside[bias], relaxed) -> nonatomic": _SITTER,
    "guard.h guard_enter: platform_load(&guard->bias, relaxed) (2) -> nonatomic": _CAME,
    "guard.h guard_leave: platform_load(&guard->bias, relaxed) -> nonatomic": _LEFT,
    "guard.h guard_rebias: platform_load(&guard->inside[bias], acquire) -> relaxed": (
        "The fence that follows acquires too; but the thread sanitizer knows no fences, and threads seldom change."
    ),
    "guard.h guard_rebias: platform_load(&guard->bias, relaxed) -> nonatomic": _BUSY,
    "guard.h guard_rebias: platform_load(&guard->owner[bias], relaxed) -> nonatomic": _BUSY,
    "producer.c omni_blocking_push: platform_load(&ring->write_index, relaxed) -> nonatomic": _PRODUCERS,
    "ring.h ring_free_slots: platform_load(&ring->write_index, relaxed) -> nonatomic": _PRODUCERS,
    "ring.h ring_next_slot: platform_load(&ring->write_index, relaxed) -> nonatomic": _PRODUCERS,
    "ring.h ring_publish: platform_load(&ring->bytes_sent, relaxed) -> nonatomic": _PRODUCERS,
    "ring.h ring_publish: platform_load(&ring->write_index, relaxed) -> nonatomic": _PRODUCERS,
    "ring.h ring_release: platform_load(&ring->bytes_received, relaxed) -> nonatomic": _CONSUMERS,
    "ring.h ring_release: platform_load(&ring->read_index, relaxed) -> nonatomic": _CONSUMERS,
    "ring.h ring_waiting: platform_load(&ring->read_index, relaxed) -> nonatomic": _CONSUMERS,
    "ring.h ring_waiting: platform_load(&ring->write_index, relaxed) -> nonatomic": _ENDED,
}
