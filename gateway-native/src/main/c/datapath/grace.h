// SPDX-License-Identifier: Apache-2.0
//
// Grace periods: what readers can no longer reach may be used again once every worker has passed a
// quiescent state. Without RCU (nothing runs beside) that is at once.
#ifndef DYETRACE_GRACE_H
#define DYETRACE_GRACE_H

#include <rte_rcu_qsbr.h>

#include <stdbool.h>
#include <stdint.h>

// The grace period of what readers cannot reach from now on.
static inline uint64_t grace_begin(struct rte_rcu_qsbr *qsbr)
{
	return qsbr ? rte_rcu_qsbr_start(qsbr) : 0;
}

static inline bool grace_over(struct rte_rcu_qsbr *qsbr, uint64_t token)
{
	return !qsbr || rte_rcu_qsbr_check(qsbr, token, false) == 1;
}

#endif
