// SPDX-License-Identifier: Apache-2.0
#include "session_sample.h"

static bool is_wanted(const struct session_filter *filter, const struct session *session)
{
	return (!filter->by_service || session->service == filter->service) &&
	       (!filter->by_client || ip_equal(&session->client, &filter->client));
}

// true: the page is done.
static bool fill(struct session_sample *sample, const struct session_table *table)
{
	uint32_t left = SESSION_SAMPLE_POLL_STEPS;

	for (; left > 0 && sample->cursor < table->capacity; left--) {
		const struct session *s = &table->sessions[sample->cursor++];

		if (s->state == SESSION_FREE || !is_wanted(&sample->filter, s))
			continue;
		sample->sessions[sample->count++] = *s;
		if (sample->count == SESSION_SAMPLE_SIZE)
			return true;
	}
	if (sample->cursor >= table->capacity) {
		sample->ended = true;
		return true;
	}
	sample->steps += SESSION_SAMPLE_POLL_STEPS;
	return sample->steps >= SESSION_SAMPLE_MAX_STEPS;
}

void session_sample_serve(
	struct session_sample *sample, const struct session_table *table, uint32_t tick)
{
	uint32_t ticket = atomic_load_explicit(&sample->wanted, memory_order_acquire);

	if (ticket == atomic_load_explicit(&sample->served, memory_order_relaxed))
		return;
	if (!sample->begun) {
		sample->begun = true;
		sample->ended = false;
		sample->count = 0;
		sample->steps = 0;
		sample->tick = tick;
	}
	if (!fill(sample, table))
		return;
	sample->begun = false;
	atomic_store_explicit(&sample->served, ticket, memory_order_release);
}
