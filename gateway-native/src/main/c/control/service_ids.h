// SPDX-License-Identifier: Apache-2.0
//
// Who has which service id and target id. An id outlives the configuration that named it: it is
// free again when a grace period has passed since the last table that named it, and then no session
// of any worker has it. Until then whoever comes back as it was gets it back.
#ifndef DYETRACE_SERVICE_IDS_H
#define DYETRACE_SERVICE_IDS_H

#include "services.h"

#include "../datapath/target.h"

// A packet that was classified by the old table may wait in a ring for its owner; the workers'
// quiescent states say nothing of it. So an id rests at least as long.
#define SERVICE_IDS_REST_NS 1000000000ull

struct service_ids;

// NULL: no memory.
struct service_ids *service_ids_create(void);
void service_ids_free(struct service_ids *ids);

const struct target *service_ids_targets(const struct service_ids *ids);

enum service_ids_outcome { IDS_ASSIGNED, IDS_NO_SERVICE, IDS_NO_TARGET };

// Gives the VIP (whose slots are set) and its backends their ids, and fills in their targets. The
// caller settles afterwards, whatever became of the VIP.
enum service_ids_outcome service_ids_assign(struct service_ids *ids, struct vip *vip);

// These VIPs are the published ones; what they do not name is out of use since `token` of the qsbr.
void service_ids_settle(struct service_ids *ids, struct vip *const *vips, unsigned int count,
	uint64_t token, uint64_t now_ns);

// Frees what is out of use.
void service_ids_collect(
	struct service_ids *ids, const struct services_config *config, uint64_t now_ns);

#endif
