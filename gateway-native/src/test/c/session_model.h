// SPDX-License-Identifier: Apache-2.0
//
// What a session table means, said as simply as possible: a linked list that is searched from its
// beginning. For the comparison with the real one.
#ifndef DYETRACE_SESSION_MODEL_H
#define DYETRACE_SESSION_MODEL_H

#include "../../main/c/datapath/session_table.h"

struct model_session {
	struct session keys;  // as inserted, with its class kept up to date
	struct session *real; // the table's
	uint32_t used_tick;   // last inserted, touched or moved to a class
	struct model_session *next;
};

struct model {
	struct model_session *first;
	uint32_t count;
	const struct target *targets;
};

struct model_session *model_find_forward(const struct model *model, const struct ip_address *client,
	uint16_t port, uint16_t service);

// By what a reply says; client only counts for SESSION_LOCAL_CLIENT.
struct model_session *model_find_reply(const struct model *model, const struct ip_address *backend,
	uint16_t backend_port, uint8_t local_index, const struct ip_address *client,
	uint16_t local_port, uint8_t protocol);

struct model_session *model_find_real(const struct model *model, const struct session *real);

void model_insert(
	struct model *model, const struct session *keys, struct session *real, uint32_t tick);
void model_remove(struct model *model, struct model_session *session);

// The n-th; n < count.
struct model_session *model_at(const struct model *model, uint32_t n);

#endif
