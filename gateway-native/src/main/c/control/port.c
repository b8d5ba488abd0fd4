// SPDX-License-Identifier: Apache-2.0
#include "port.h"

#include "../datapath/worker.h"

#include <rte_ethdev.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define DESCRIPTORS 1024

static bool driver_is(const struct rte_eth_dev_info *info, const char *name)
{
	return info->driver_name && strcmp(info->driver_name, name) == 0;
}

static int port_fail(char *error, const struct settings_port *settings, uint16_t id,
	const char *step, int status)
{
	snprintf(error, SETTINGS_ERROR_BYTES, "port '%s' (DPDK port %u): %s: %s", settings->name,
		id, step, rte_strerror(-status));
	return status;
}

static int set_up_queues(uint16_t id, struct node_port *port, struct rte_mempool *pool)
{
	uint16_t rx = DESCRIPTORS, tx = DESCRIPTORS;
	int status = rte_eth_dev_adjust_nb_rx_tx_desc(id, &rx, &tx);

	for (uint16_t q = 0; status == 0 && q < port->rx_queues; q++)
		status = rte_eth_rx_queue_setup(
			id, q, rx, (unsigned int)rte_eth_dev_socket_id(id), NULL, pool);
	for (uint16_t q = 0; status == 0 && q < port->tx_queues; q++)
		status = rte_eth_tx_queue_setup(
			id, q, tx, (unsigned int)rte_eth_dev_socket_id(id), NULL);
	return status;
}

static void ask_for_rss(const struct rte_eth_dev_info *info, struct rte_eth_conf *conf)
{
	const uint64_t wanted = RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP |
				RTE_ETH_RSS_SCTP | RTE_ETH_RSS_IPV6_EX;

	if (!(info->flow_type_rss_offloads & wanted))
		return; // the threads hand over what is another's
	conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	conf->rx_adv_conf.rss_conf.rss_hf = info->flow_type_rss_offloads & wanted;
}

// A queue for each thread that polls: dispatchers, or workers where there are none. Threads beyond
// a port's queues get their packets from the others, through the hand-over rings.
static int configure(uint16_t id, const struct rte_eth_dev_info *info,
	const struct settings *settings, uint16_t mtu, struct node_port *port)
{
	struct rte_eth_conf conf = {.rxmode = {.mq_mode = RTE_ETH_MQ_RX_NONE, .mtu = mtu}};
	unsigned int pollers = settings->dispatchers ? settings->dispatchers : settings->workers;

	port->rx_queues = (uint16_t)RTE_MIN(pollers, (unsigned int)info->max_rx_queues);
	port->tx_queues =
		(uint16_t)RTE_MIN(settings_threads(settings), (unsigned int)info->max_tx_queues);
	if (port->rx_queues > 1)
		ask_for_rss(info, &conf);
	return rte_eth_dev_configure(id, port->rx_queues, port->tx_queues, &conf);
}

// IPv6 neighbours ask groups for us, which a card passes by unless it is told. A driver that can be
// told neither of both does not filter.
static int take_groups(uint16_t id)
{
	int status = rte_eth_allmulticast_enable(id);

	if (status == -ENOTSUP)
		status = rte_eth_promiscuous_enable(id);
	return status == -ENOTSUP ? 0 : status;
}

// net_af_packet names 1,518 bytes as its longest frame and carries what its framesz holds: the
// interface's MTU and framesz are the operator's.
static bool can_be_told(const struct rte_eth_dev_info *info)
{
	return !driver_is(info, "net_af_packet");
}

// 0: as the port has it. A driver that cannot be told (captures, rings) takes any frame.
static int set_mtu(
	uint16_t id, const struct rte_eth_dev_info *info, uint16_t wanted, struct node_port *port)
{
	int status = 0;

	if (wanted)
		status = can_be_told(info) ? rte_eth_dev_set_mtu(id, wanted) : -ENOTSUP;
	if (status != 0 && status != -ENOTSUP)
		return status;
	if (status == -ENOTSUP)
		port->mtu = wanted;
	else if (rte_eth_dev_get_mtu(id, &port->mtu) != 0)
		port->mtu = RTE_ETHER_MTU;
	return 0;
}

int port_open(unsigned int index, const struct settings *settings, struct rte_mempool *pool,
	struct node_port *port, char error[SETTINGS_ERROR_BYTES])
{
	const struct settings_port *own = &settings->ports[index];
	struct rte_ether_addr mac;
	struct rte_eth_dev_info info;
	unsigned int seen = 0;
	uint16_t id, found = RTE_MAX_ETHPORTS;
	int status;

	RTE_ETH_FOREACH_DEV(id)
	{
		if (seen++ == index)
			found = id;
	}
	if (found == RTE_MAX_ETHPORTS) {
		snprintf(error, SETTINGS_ERROR_BYTES,
			"ports: %u are configured and DPDK found %u; give it a --vdev or bind a "
			"device",
			settings->port_count, seen);
		return -ENODEV;
	}
	id = found;
	status = rte_eth_dev_info_get(id, &info);
	if (status == 0)
		status = configure(id, &info, settings, can_be_told(&info) ? own->mtu : 0, port);
	if (status != 0)
		return port_fail(error, own, id, "configure", status);
	status = set_mtu(id, &info, own->mtu, port);
	if (status != 0)
		return port_fail(error, own, id, "mtu", status);
	status = set_up_queues(id, port, pool);
	if (status != 0)
		return port_fail(error, own, id, "queues", status);
	status = rte_eth_dev_start(id);
	if (status != 0)
		return port_fail(error, own, id, "start", status);
	status = ip_is_set(&port->v6.address) ? take_groups(id) : 0;
	if (status != 0)
		return port_fail(error, own, id, "multicast", status);
	status = rte_eth_macaddr_get(id, &mac);
	if (status != 0)
		return port_fail(error, own, id, "MAC address", status);
	memcpy(port->mac, mac.addr_bytes, 6);
	port->id = id;
	port->accept_any_mac = driver_is(&info, "net_pcap");
	return 0;
}

void port_close(const struct node_port *port)
{
	rte_eth_dev_close(port->id);
}

// The driver keeps its sockets to itself, but they are this process's: its packet sockets bound to
// the port's interface.
static void find_packet_sockets(struct port_losses *losses, unsigned int interface)
{
	DIR *directory = opendir("/proc/self/fd");
	struct dirent *entry;

	while (directory && (entry = readdir(directory))) {
		struct sockaddr_ll address = {.sll_family = 0};
		socklen_t len = sizeof(address);
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] == '.' || losses->socket_count == PORT_MAX_SOCKETS)
			continue;
		if (getsockname(fd, (struct sockaddr *)&address, &len) == 0 &&
			address.sll_family == AF_PACKET &&
			(unsigned int)address.sll_ifindex == interface)
			losses->sockets[losses->socket_count++] = fd;
	}
	if (directory)
		closedir(directory);
}

static uint64_t read_number(const char *path)
{
	unsigned long long value = 0;
	FILE *file = fopen(path, "re");

	if (!file)
		return 0;
	if (fscanf(file, "%llu", &value) != 1)
		value = 0;
	fclose(file);
	return value;
}

void port_losses_open(struct port_losses *losses, const struct node_port *port)
{
	struct rte_eth_dev_info info;
	char interface[IF_NAMESIZE];

	*losses = (struct port_losses){.id = port->id};
	if (rte_eth_dev_info_get(port->id, &info) != 0)
		return;
	if (driver_is(&info, "net_af_packet")) {
		find_packet_sockets(losses, info.if_index);
	} else if (driver_is(&info, "net_tap") && if_indextoname(info.if_index, interface)) {
		snprintf(losses->tap_drops, sizeof(losses->tap_drops),
			"/sys/class/net/%s/statistics/tx_dropped", interface);
		losses->tap_before = read_number(losses->tap_drops);
	}
}

uint64_t port_losses_read(struct port_losses *losses)
{
	struct rte_eth_stats stats = {.imissed = 0};
	uint64_t lost;

	rte_eth_stats_get(losses->id, &stats);
	for (unsigned int i = 0; i < losses->socket_count; i++) {
		struct tpacket_stats socket_stats = {.tp_drops = 0};
		socklen_t len = sizeof(socket_stats);

		if (getsockopt(losses->sockets[i], SOL_PACKET, PACKET_STATISTICS, &socket_stats,
			    &len) == 0)
			losses->socket_drops += socket_stats.tp_drops;
	}
	lost = stats.imissed + stats.rx_nombuf + losses->socket_drops;
	if (losses->tap_drops[0])
		lost += read_number(losses->tap_drops) - losses->tap_before;
	return lost;
}

uint16_t port_send(
	struct worker *worker, unsigned int port, struct rte_mbuf **packets, uint16_t count)
{
	const struct node_port *p = &worker->node->ports[port];

	return rte_eth_tx_burst(p->id, (uint16_t)(worker->index % p->tx_queues), packets, count);
}
