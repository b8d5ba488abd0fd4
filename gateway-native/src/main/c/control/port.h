// SPDX-License-Identifier: Apache-2.0
//
// DPDK's ports: set-up, and what they lose before the gateway sees it.
#ifndef DYETRACE_PORT_H
#define DYETRACE_PORT_H

#include "settings.h"

#include "../datapath/node.h"

struct rte_mempool;

#define PORT_MAX_SOCKETS 64

// Where a port's losses can be read, besides DPDK's own statistics.
struct port_losses {
	uint16_t id;
	unsigned int socket_count; // net_af_packet: its sockets
	int sockets[PORT_MAX_SOCKETS];
	uint64_t socket_drops; // so far: reading them clears them
	char tap_drops[64];    // net_tap: the file of the kernel's counter
	uint64_t tap_before;
};

// Sets up the n-th DPDK port with queues for the node's workers and fills in id, mac, mtu and
// queues of *port. A -errno with *error filled in, or 0.
int port_open(unsigned int index, const struct settings *settings, struct rte_mempool *pool,
	struct node_port *port, char error[SETTINGS_ERROR_BYTES]);

// After rte_eth_dev_stop().
void port_close(const struct node_port *port);

void port_losses_open(struct port_losses *losses, const struct node_port *port);

// Packets lost before RX since the start: the port's own count (imissed), packets without a buffer,
// and what the kernel dropped before a software port: PACKET_STATISTICS of net_af_packet's sockets,
// tx_dropped of net_tap's interface.
uint64_t port_losses_read(struct port_losses *losses);

// node.h's send().
uint16_t port_send(
	struct worker *worker, unsigned int port, struct rte_mbuf **packets, uint16_t count);

#endif
