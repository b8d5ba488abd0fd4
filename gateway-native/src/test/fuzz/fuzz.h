// SPDX-License-Identifier: Apache-2.0
//
// What the fuzz targets share: input is taken from the front, memory is exactly as large as what is
// in it, so that the sanitizer sees a read past the end, and a broken promise aborts.
#ifndef DYETRACE_FUZZ_H
#define DYETRACE_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);    \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

struct input {
	const uint8_t *at;
	size_t left;
};

// Zeros when there is no more.
static inline void take_bytes(struct input *in, void *out, size_t len)
{
	size_t have = len < in->left ? len : in->left;

	memset(out, 0, len);
	if (have)
		memcpy(out, in->at, have);
	in->at += have;
	in->left -= have;
}

static inline uint8_t take8(struct input *in)
{
	uint8_t v;

	take_bytes(in, &v, sizeof(v));
	return v;
}

static inline uint16_t take16(struct input *in)
{
	uint16_t high = take8(in);

	return (uint16_t)(high << 8 | take8(in));
}

static inline uint32_t take32(struct input *in)
{
	uint32_t high = take16(in);

	return high << 16 | take16(in);
}

// A block of exactly len bytes (one of no bytes for 0), to be freed.
static inline uint8_t *block(size_t len)
{
	uint8_t *p = malloc(len);

	if (p == NULL && len != 0)
		abort();
	return p;
}

static inline uint8_t *copy_of(const uint8_t *bytes, size_t len)
{
	uint8_t *p = block(len);

	if (len)
		memcpy(p, bytes, len);
	return p;
}

#endif
