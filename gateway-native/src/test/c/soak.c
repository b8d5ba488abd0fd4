// SPDX-License-Identifier: Apache-2.0
//
// The traffic of soak_test.sh: soak serve PORT ADDRESS… | soak load SECONDS RATE PORT VIP…
#include "soak.h"

#include <signal.h>
#include <stdio.h>

uint8_t soak_text[SOAK_TEXT_BYTES + SOAK_CHUNK];

void soak_init(void)
{
	uint64_t x = 0x9e3779b97f4a7c15ull;

	for (size_t i = 0; i < SOAK_TEXT_BYTES; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		soak_text[i] = (uint8_t)(x >> 32);
	}
	memcpy(soak_text + SOAK_TEXT_BYTES, soak_text, SOAK_CHUNK);
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	soak_init();
	if (argc >= 4 && strcmp(argv[1], "serve") == 0)
		return soak_serve(argc - 2, argv + 2);
	if (argc >= 6 && strcmp(argv[1], "load") == 0)
		return soak_load(argc - 2, argv + 2);
	fputs("usage: soak serve PORT ADDRESS… | soak load SECONDS RATE PORT VIP…\n", stderr);
	return 2;
}
