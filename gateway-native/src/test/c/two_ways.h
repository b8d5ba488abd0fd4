// SPDX-License-Identifier: Apache-2.0
//
// The same frames through two nodes of one thread that differ in nothing but the short way, which
// one of them has: what they send, count, keep and write down must be the same.
#ifndef DYETRACE_TEST_TWO_WAYS_H
#define DYETRACE_TEST_TWO_WAYS_H

#include "pipeline.h"

struct two_ways {
	struct pipeline *ordinary;
	struct pipeline *both;
};

// SEED in the environment begins the random numbers; each two_ways_open() begins them anew.
uint32_t two_ways_below(uint32_t n);
const char *two_ways_one_of(const char *const *texts, size_t count);

// note_short, of the second node: what each packet that went the short way leaves noted.
void two_ways_open(
	struct two_ways *ways, const char *yaml, void (*note_short)(const struct short_note *note));

// Every buffer must have come back.
void two_ways_close(struct two_ways *ways);

// How many frames a test is to send: FRAMES in the environment, or a million.
unsigned int two_ways_frames(void);

// A TCP packet with all that is random but its ends.
struct frame two_ways_tcp(struct frame_flow flow);

// Changes something in the front of a frame, or its length.
void two_ways_mutate(struct frame *frame);

// Received at once, a microsecond after what came before. limit: packets that a port takes.
void two_ways_step(
	struct two_ways *ways, const struct frame *burst, unsigned int count, uint16_t limit);

// What they sent and wrote down since the last comparison. given: for what is said of a difference.
void two_ways_compare_in_order(
	struct two_ways *ways, const struct frame *given, unsigned int count);

// The same, where packets of more than one that go different ways may have changed places.
void two_ways_compare(struct two_ways *ways, const struct frame *given, unsigned int count);

// Counters, drops, limits, sessions, neighbours.
void two_ways_compare_state(const struct two_ways *ways);

#endif
