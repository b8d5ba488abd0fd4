// SPDX-License-Identifier: Apache-2.0
//
// The server id in a QUIC connection id, so that a connection keeps its server when its address
// changes. Layouts: Katran's (16, 24 and 32 bit, told apart by the two highest bits of the first
// byte: 1, 2, 3) and QUIC-LB (draft-ietf-quic-load-balancers; plaintext, and encrypted with
// AES-128). Pure.
#ifndef DYETRACE_QUIC_H
#define DYETRACE_QUIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUIC_MAX_SERVER_ID_BYTES 15
#define QUIC_KATRAN_ID_BYTES 4 // a number, however many of its bits the layout carries
#define QUIC_LB_CONFIGS 7      // rotation code points 0 … 6; 7 means unroutable

enum quic_layout { QUIC_LAYOUT_NONE, QUIC_LAYOUT_KATRAN, QUIC_LAYOUT_LB };

struct quic_lb_config {
	bool used;
	uint8_t server_id_bytes; // 1 … 15
	uint8_t nonce_bytes;     // 4 … 18; together at most 19
	bool encrypted;
	uint8_t round_keys[11 * 16]; // AES-128, expanded; see quic_lb_set_key()
	uint8_t decrypt_keys[11 * 16];
};

struct quic_config {
	uint8_t layout; // enum quic_layout
	struct quic_lb_config lb[QUIC_LB_CONFIGS];
};

enum quic_outcome {
	QUIC_SERVER, // *server_id is filled in
	// Any server: an Initial or 0-RTT with the client's own choice, an unroutable id, in a long
	// header one that is too short, a version that is not known; Katran's version 0 and server
	// 0.
	QUIC_NO_SERVER,
	// Not QUIC: truncated (a short header: no room for an id), or the fixed bit clear or an id
	// of more than 20 bytes in a long header of a known version.
	QUIC_MALFORMED,
};

struct quic_server_id {
	uint8_t len;
	uint8_t bytes[QUIC_MAX_SERVER_ID_BYTES]; // network order
};

void quic_lb_set_key(struct quic_lb_config *config, const uint8_t key[16]);

// payload: of the UDP datagram.
enum quic_outcome quic_read(const uint8_t *payload, size_t len, const struct quic_config *config,
	struct quic_server_id *server_id);

#endif
