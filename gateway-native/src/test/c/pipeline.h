// SPDX-License-Identifier: Apache-2.0
//
// The datapath's workers in this process, stepped one after the other in one thread, with ports,
// clock and telemetry of the test's own: for what a replay cannot bring about.
#ifndef DYETRACE_TEST_PIPELINE_H
#define DYETRACE_TEST_PIPELINE_H

#include "frame.h"

#include "../../main/c/control/tables.h"
#include "../../main/c/control/settings.h"
#include "../../main/c/datapath/worker.h"

enum { PIPELINE_MAX_SENT = 4096, PIPELINE_MAX_RECORDS = 8192 };

struct pipeline {
	struct settings *settings;
	struct node node;
	struct tables tables;
	struct rte_mempool *pool;
	struct node_time now;
	uint16_t headroom;          // of received packets
	uint16_t send_limit;        // packets a port takes at once
	unsigned int slots;         // of names, given out …
	char (*names)[DT_NAME_LEN]; // … to these
	unsigned int sent_count;
	struct frame *sent;
	unsigned int record_count;
	struct dt_record *records;
};

// Once a process. false: no EAL.
bool pipeline_start(void);

// A node as the YAML says (several at once may be open when they have one worker each); workers and
// dispatchers too. assume_neighbours: nobody is asked for.
struct pipeline *pipeline_open(const char *yaml, bool assume_neighbours);

// Returns how many buffers did not come back.
unsigned int pipeline_close(struct pipeline *p);

// Frames received by one thread, in bursts; then everything that follows from it, in all of them.
void pipeline_receive(
	struct pipeline *p, unsigned int thread, const struct frame *frames, unsigned int count);

// The same without the others' part: what was handed over stays in the rings.
void pipeline_receive_only(
	struct pipeline *p, unsigned int thread, const struct frame *frames, unsigned int count);
void pipeline_settle(struct pipeline *p);

// Lets time pass, in steps in which all threads keep house.
void pipeline_wait(struct pipeline *p, uint64_t ns);

// As all threads have counted them.
uint64_t pipeline_drops(const struct pipeline *p, enum dt_drop_reason reason);

#endif
