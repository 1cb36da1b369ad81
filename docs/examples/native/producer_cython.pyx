# cython: language_level=3
"""A producer in Cython, over the table of functions, for a thread of Python that gives the GIL away."""
from fast_impl cimport (
    OMNI_INTERRUPTED, OMNI_PUSH_SUCCESS, omni_functions, omni_import, omni_producer
)
from libc.stdint cimport uint64_t, uintptr_t

cdef const omni_functions *core = omni_import()  # ImportError where this was compiled for another ABI


def produce(native, uint64_t count):
    """Push the numbers below `count`; the result of the last push. The argument keeps the channel's end."""
    cdef omni_producer *producer = <omni_producer *><uintptr_t>int(native)
    cdef uint64_t number
    cdef int result = OMNI_PUSH_SUCCESS
    with nogil:
        for number in range(count):
            result = OMNI_INTERRUPTED
            while result == OMNI_INTERRUPTED:
                result = core.omni_blocking_push(producer, &number, sizeof(number), -1)
            if result != OMNI_PUSH_SUCCESS:
                break
        core.omni_producer_close(producer)
    return result
