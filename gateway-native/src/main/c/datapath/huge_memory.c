// SPDX-License-Identifier: Apache-2.0
#include "huge_memory.h"

#include <stdint.h>
#include <sys/mman.h>

#define HUGE_PAGE_BYTES ((size_t)2 << 20)

static size_t rounded(size_t bytes)
{
	return (bytes + HUGE_PAGE_BYTES - 1) & ~(HUGE_PAGE_BYTES - 1);
}

void *huge_memory_map(size_t bytes)
{
	size_t wanted = rounded(bytes), mapped = wanted + HUGE_PAGE_BYTES;
	uint8_t *memory, *aligned;

	if (wanted < bytes || mapped < wanted)
		return NULL;
	memory = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return NULL;
	aligned = memory + (-(uintptr_t)memory & (HUGE_PAGE_BYTES - 1));
	if (aligned > memory)
		munmap(memory, (size_t)(aligned - memory));
	if (aligned + wanted < memory + mapped)
		munmap(aligned + wanted, (size_t)(memory + mapped - aligned) - wanted);
	madvise(aligned, wanted, MADV_HUGEPAGE); // without: it works on, in small pages
	return aligned;
}

void huge_memory_unmap(void *memory, size_t bytes)
{
	if (memory)
		munmap(memory, rounded(bytes));
}
