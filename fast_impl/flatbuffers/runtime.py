"""Which versions of the FlatBuffers runtime can be made to build in place."""

from __future__ import annotations

import re
from typing import Any

FIRST, BEYOND = (24, 3, 6), (26,)
"""The versions that were tried: from the one, up to and without the other."""

FIELDS = {
    "Bytes", "head", "minalign", "finished", "nested", "forceDefaults", "current_vtable", "objectEnd", "vtables",
    "sharedStrings", "vectorNumElems",
}  # fmt: skip
"""What a Builder of these consists of, its memory and where in it the message begins among them."""


def check(version: str, builder: Any) -> None:
    """ImportError unless this runtime, by its version and its Builder's fields, is one of those that were tried."""
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:3])
    if not FIRST <= numbers < BEYOND:
        why = f"flatbuffers {version} is not among the versions that fast_impl builds in place with"
    elif set(getattr(builder, "__slots__", ())) != FIELDS:
        why = f"the Builder of flatbuffers {version} is not made as fast_impl knows it"
    else:
        return
    raise ImportError(
        f"{why}: install flatbuffers>={'.'.join(map(str, FIRST))},<{BEYOND[0]}, or send what an ordinary Builder's "
        "Output() gives"
    )
