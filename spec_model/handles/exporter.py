"""Memory that somebody may look at through the buffer protocol."""

from __future__ import annotations


class Exporter(bytearray):
    """Bytes with weak references.

    Every view of it, slices and arrays over views included, holds a strong reference. With
    no other strong reference about, a weak one tells whether any view lives [MSG-3, RSV-7].
    """

    __slots__ = ("__weakref__",)
