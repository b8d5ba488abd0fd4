// SPDX-License-Identifier: Apache-2.0
//
// What the two ends of the soak's traffic agree on: a request says how many bytes follow it and how
// many it wants back, and from where in a fixed text both are taken, so that each end knows every
// byte that it must see.
#ifndef DYETRACE_SOAK_H
#define DYETRACE_SOAK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#define SOAK_MAGIC 0x50a4u
#define SOAK_TEXT_BYTES 65521 // prime: a shift does not go unseen
#define SOAK_CHUNK 16384

struct soak_request {
	uint32_t magic;
	uint32_t seed;
	uint32_t up;   // bytes behind the request …
	uint32_t down; // … and in the answer
};

// Made by soak_init(): the text, and its beginning once more behind it.
extern uint8_t soak_text[SOAK_TEXT_BYTES + SOAK_CHUNK];

void soak_init(void);

// `at`: bytes of this part that there have been.
static inline const uint8_t *soak_bytes(uint32_t seed, uint32_t at)
{
	return soak_text + (seed % SOAK_TEXT_BYTES + (uint64_t)at) % SOAK_TEXT_BYTES;
}

static inline uint32_t soak_piece(uint32_t all, uint32_t at)
{
	return all - at < SOAK_CHUNK ? all - at : SOAK_CHUNK;
}

static inline uint64_t soak_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

int soak_serve(int argc, char **argv);
int soak_load(int argc, char **argv);

#endif
