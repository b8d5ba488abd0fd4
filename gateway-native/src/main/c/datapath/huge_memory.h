// SPDX-License-Identifier: Apache-2.0
//
// Memory for big tables, in huge pages where the kernel gives them (transparent ones, so that none
// have to be set aside). A lookup in a table of small pages pays for the page walk as well.
#ifndef DYETRACE_HUGE_MEMORY_H
#define DYETRACE_HUGE_MEMORY_H

#include <stddef.h>

// Zeroed, aligned to a huge page. NULL: no memory.
void *huge_memory_map(size_t bytes);

// bytes: as mapped.
void huge_memory_unmap(void *memory, size_t bytes);

#endif
