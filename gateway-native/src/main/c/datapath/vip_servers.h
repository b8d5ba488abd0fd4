// SPDX-License-Identifier: Apache-2.0
#ifndef DYETRACE_VIP_SERVERS_H
#define DYETRACE_VIP_SERVERS_H

#include "vip_table.h"

// Indexes the backends by their server ids; of two with one id the first is found. -ENOMEM, or 0.
int vip_index_servers(struct vip *vip);

#endif
