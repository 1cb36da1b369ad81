"""The reference binding: the handles in Python over cffi, for every interpreter and for any library with the C ABI."""
