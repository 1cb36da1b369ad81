"""reflection.BaseType, and the sizes of its scalars."""

from __future__ import annotations

NONE, UTYPE, UBYTE = 0, 1, 4
STRING, VECTOR, OBJECT, UNION, ARRAY = 13, 14, 15, 16, 17

SCALARS = dict(enumerate((1, 1, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8), start=UTYPE))
