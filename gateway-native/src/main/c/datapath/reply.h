// SPDX-License-Identifier: Apache-2.0
//
// A backend's packet, at the worker that owns its session.
#ifndef DYETRACE_REPLY_H
#define DYETRACE_REPLY_H

#include "worker.h"

void reply(struct worker *worker, struct rte_mbuf *packet);

// The packet belongs to a probe's session: from now on it carries the probe's key, and its arrival
// is stamped.
void reply_take_key(struct worker *worker, struct packet_meta *meta, struct session *session);

// Why the session's VIP lets no packet of it through; DT_DROP_NONE: it does. A slot may have been
// given to another address since.
enum dt_drop_reason session_refused(const struct worker *worker, const struct session *session);

#endif
