/* A reader that checks nothing: what verifies as well-formed must bear it under the address sanitizer. */
#ifndef READ_ALL_H
#define READ_ALL_H

#include "compiled.h"

/* Read every byte that a reader of this table may; a checksum, so that no read is optimised away. */
uint64_t read_all(const omni_schema *schema, uint32_t table, const uint8_t *data, int size_prefixed);

#endif
