// SPDX-License-Identifier: Apache-2.0
#include "point_json.h"

#include "../packet/parse.h"
#include "../telemetry/registry.h"

#include <arpa/inet.h>
#include <inttypes.h>

static const char *key_state_name(uint8_t state)
{
	switch (state) {
	case DT_KEY_VERIFIED:
		return "VERIFIED";
	case DT_KEY_SAMPLED:
		return "SAMPLED";
	default:
		return "UNKNOWN";
	}
}

static const char *protocol_text(uint8_t protocol)
{
	switch (protocol) {
	case PROTOCOL_TCP:
		return "tcp";
	case PROTOCOL_UDP:
		return "udp";
	case PROTOCOL_SCTP:
		return "sctp";
	case PROTOCOL_ICMP:
		return "icmp";
	case PROTOCOL_ICMPV6:
		return "icmpv6";
	default:
		return "other";
	}
}

void point_json_write(FILE *out, const char *node, const struct dt_record *record, const char *vip,
	const char *backend)
{
	const struct dt_point *p = &record->point;
	int family = p->flags & DT_RECORD_FLAG_IPV6 ? AF_INET6 : AF_INET;
	char source[INET6_ADDRSTRLEN], destination[INET6_ADDRSTRLEN];

	inet_ntop(family, p->source, source, sizeof(source));
	inet_ntop(family, p->destination, destination, sizeof(destination));
	fprintf(out,
		"{\"time_ns\":%" PRIu64 ",\"node\":\"%s\",\"worker\":%u,\"sequence\":%" PRIu64
		",\"tier\":\"%s\",\"point\":\"%s\",\"reason\":\"%s\",\"direction\":\"%s\",\"vip\":"
		"\"%s\""
		",\"backend\":\"%s\",\"source_address\":\"%s\",\"source_port\":%u"
		",\"destination_address\":\"%s\",\"destination_port\":%u,\"protocol\":\"%s\""
		",\"tcp_flags\":%u,\"packet_bytes\":%u,\"key_state\":\"%s\",\"prober_id\":%u"
		",\"probe_sequence\":%" PRIu32 ",\"reset\":%s,\"dwell_ns\":%" PRIu64
		",\"sample_weight\":%" PRIu32 "}\n",
		record->time_ns, node, record->ring, record->sequence, dt_tier_name(p->tier),
		dt_trace_point_name(p->point), p->reason ? dt_drop_reason_name(p->reason) : "",
		dt_direction_name(p->direction), vip, backend, source, p->source_port, destination,
		p->destination_port, protocol_text(p->protocol), p->tcp_flags, p->packet_bytes,
		key_state_name(p->key_state), p->prober_id, p->probe_sequence,
		p->flags & DT_RECORD_FLAG_RESET ? "true" : "false", p->dwell_ns, p->sample_weight);
}
