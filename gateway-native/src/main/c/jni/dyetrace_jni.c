// SPDX-License-Identifier: Apache-2.0
//
// All natives of io.dyetrace.gateway.telemetry.TelemetryNative: the consumer's side of the
// telemetry file. -errno on failure; Java throws. No call keeps a reference to a Java object.
#include "../telemetry/ring_reader.h"

#include <errno.h>
#include <jni.h>
#include <stdlib.h>
#include <string.h>

#define CLASS_NAME "io/dyetrace/gateway/telemetry/TelemetryNative"
#define STATUS_WORDS 5

static struct dt_ring_reader *reader_of(jlong handle)
{
	return (struct dt_ring_reader *)(intptr_t)handle;
}

// A direct buffer's memory, if at least so many bytes stand from the offset on and the offset suits
// 8-byte words.
static void *buffer_at(JNIEnv *env, jobject buffer, jint offset, jlong bytes)
{
	char *memory;
	jlong capacity;

	if (buffer == NULL || offset < 0 || bytes < 0)
		return NULL;
	memory = (*env)->GetDirectBufferAddress(env, buffer);
	capacity = (*env)->GetDirectBufferCapacity(env, buffer);
	if (memory == NULL || offset > capacity || bytes > capacity - offset ||
		((uintptr_t)memory + (uintptr_t)offset) % 8 != 0)
		return NULL;
	return memory + offset;
}

// What Java believes about the layout, in the order of RecordLayout's constants.
static jint layout0(JNIEnv *env, jclass class, jobject buffer)
{
	static const jint layout[] = {
		DT_RING_LAYOUT_VERSION,
		sizeof(struct dt_record),
		DT_NAME_LEN,
		DT_MAX_NAMES,
		DT_MAX_RINGS,
		STATUS_WORDS * sizeof(uint64_t),
		offsetof(struct dt_record, time_ns),
		offsetof(struct dt_record, sequence),
		offsetof(struct dt_record, ring),
		offsetof(struct dt_record, type),
		offsetof(struct dt_record, point.tier),
		offsetof(struct dt_record, point.point),
		offsetof(struct dt_record, point.direction),
		offsetof(struct dt_record, point.key_state),
		offsetof(struct dt_record, point.reason),
		offsetof(struct dt_record, point.flags),
		offsetof(struct dt_record, point.protocol),
		offsetof(struct dt_record, point.vip_slot),
		offsetof(struct dt_record, point.backend_slot),
		offsetof(struct dt_record, point.probe_sequence),
		offsetof(struct dt_record, point.prober_id),
		offsetof(struct dt_record, point.packet_bytes),
		offsetof(struct dt_record, point.dwell_ns),
		offsetof(struct dt_record, point.source),
		offsetof(struct dt_record, point.destination),
		offsetof(struct dt_record, point.source_port),
		offsetof(struct dt_record, point.destination_port),
		offsetof(struct dt_record, point.tcp_flags),
		offsetof(struct dt_record, point.sample_weight),
		offsetof(struct dt_record, node.state),
		offsetof(struct dt_record, node.config_version),
		offsetof(struct dt_record, node.sessions),
		offsetof(struct dt_record, node.session_capacity),
		offsetof(struct dt_record, node.mempool_used),
		offsetof(struct dt_record, node.mempool_size),
		offsetof(struct dt_record, node.points_lost),
		offsetof(struct dt_record, node.rx_missed),
		offsetof(struct dt_record, node.rx_packets),
		offsetof(struct dt_record, node.tx_packets),
		offsetof(struct dt_record, node.colour_verified),
		offsetof(struct dt_record, node.colour_forged),
		offsetof(struct dt_record, node.colour_replayed),
		offsetof(struct dt_record, node.colour_capped),
		offsetof(struct dt_record, node.colour_other_epoch),
		offsetof(struct dt_record, actions.colour_recognised),
		offsetof(struct dt_record, actions.handed_over),
		offsetof(struct dt_record, actions.icmp_errors_sent),
		offsetof(struct dt_record, actions.packets_made),
		offsetof(struct dt_record, actions.packets_consumed),
		offsetof(struct dt_record, actions.toa_told),
		offsetof(struct dt_record, actions.toa_late),
		offsetof(struct dt_record, actions.toa_untold),
		offsetof(struct dt_record, vip.vip_slot),
		offsetof(struct dt_record, vip.direction),
		offsetof(struct dt_record, vip.packets),
		offsetof(struct dt_record, vip.bytes),
		offsetof(struct dt_record, vip.new_sessions),
		offsetof(struct dt_record, vip.sessions),
		offsetof(struct dt_record, drop.vip_slot),
		offsetof(struct dt_record, drop.reason),
		offsetof(struct dt_record, drop.packets),
		offsetof(struct dt_record, drop.bytes),
		offsetof(struct dt_record, worker.worker),
		offsetof(struct dt_record, worker.ring_used),
		offsetof(struct dt_record, worker.ring_capacity),
		offsetof(struct dt_record, worker.longest_poll_gap_ns),
		offsetof(struct dt_record, worker.rx_packets),
		offsetof(struct dt_record, worker.tx_packets),
		offsetof(struct dt_record, worker.points_written),
		offsetof(struct dt_record, worker.points_lost),
	};
	void *out = buffer_at(env, buffer, 0, sizeof(layout));

	(void)class;
	if (out == NULL)
		return -EINVAL;
	memcpy(out, layout, sizeof(layout));
	return sizeof(layout) / sizeof(layout[0]);
}

// The path's bytes stand in the direct buffer, without a NUL.
static jlong open0(JNIEnv *env, jclass class, jobject buffer, jint length)
{
	const char *bytes = buffer_at(env, buffer, 0, length);
	struct dt_ring_reader *reader;
	char *path;
	int ret;

	(void)class;
	if (bytes == NULL || length == 0 || memchr(bytes, '\0', (size_t)length) != NULL)
		return -EINVAL;
	path = strndup(bytes, (size_t)length);
	if (path == NULL)
		return -ENOMEM;
	ret = dt_ring_reader_open(path, true, &reader);
	free(path);
	return ret < 0 ? ret : (jlong)(intptr_t)reader;
}

static void close0(JNIEnv *env, jclass class, jlong handle)
{
	(void)env;
	(void)class;
	dt_ring_reader_close(reader_of(handle));
}

static jlong bootId0(JNIEnv *env, jclass class, jlong handle)
{
	(void)env;
	(void)class;
	return (jlong)dt_ring_reader_boot_id(reader_of(handle));
}

static jint ringCount0(JNIEnv *env, jclass class, jlong handle)
{
	(void)env;
	(void)class;
	return (jint)dt_ring_reader_count(reader_of(handle));
}

// The status of all rings, STATUS_WORDS words each. Returns their number.
static jint status0(JNIEnv *env, jclass class, jlong handle, jobject buffer)
{
	const struct dt_ring_reader *reader = reader_of(handle);
	unsigned int count = dt_ring_reader_count(reader);
	uint64_t *out = buffer_at(env, buffer, 0, (jlong)(count * STATUS_WORDS * sizeof(uint64_t)));

	(void)class;
	if (out == NULL)
		return -EINVAL;
	for (unsigned int i = 0; i < count; i++) {
		struct dt_ring_status status;
		int ret = dt_ring_reader_status(reader, i, &status);

		if (ret < 0)
			return ret;
		*out++ = status.producer_time_ns;
		*out++ = status.head;
		*out++ = status.tail;
		*out++ = status.lost;
		*out++ = status.capacity;
	}
	return (jint)count;
}

// Copies a burst into the buffer from its start on. Returns the number of records.
static jint read0(
	JNIEnv *env, jclass class, jlong handle, jint ring, jlong from, jobject buffer, jint max)
{
	void *out = buffer_at(env, buffer, 0, (jlong)max * (jlong)sizeof(struct dt_record));

	(void)class;
	if (out == NULL || ring < 0 || max < 0)
		return -EINVAL;
	return dt_ring_reader_read(
		reader_of(handle), (unsigned int)ring, (uint64_t)from, out, (uint32_t)max);
}

static jint commit0(JNIEnv *env, jclass class, jlong handle, jint ring, jlong tail)
{
	(void)env;
	(void)class;
	if (ring < 0)
		return -EINVAL;
	return dt_ring_reader_commit(reader_of(handle), (unsigned int)ring, (uint64_t)tail);
}

static jint alive0(JNIEnv *env, jclass class, jlong handle)
{
	(void)env;
	(void)class;
	return dt_ring_reader_alive(reader_of(handle));
}

// Writes a name's bytes. Returns their number.
static jint name0(JNIEnv *env, jclass class, jlong handle, jint kind, jint slot, jobject buffer)
{
	char *out = buffer_at(env, buffer, 0, DT_NAME_LEN);

	(void)class;
	if (out == NULL || slot < 0)
		return -EINVAL;
	return dt_ring_reader_name(reader_of(handle), (enum dt_name_kind)kind, (uint32_t)slot, out);
}

#define BUFFER "Ljava/nio/ByteBuffer;"

static const JNINativeMethod methods[] = {
	{"layout0", "(" BUFFER ")I", (void *)layout0},
	{"open0", "(" BUFFER "I)J", (void *)open0},
	{"close0", "(J)V", (void *)close0},
	{"bootId0", "(J)J", (void *)bootId0},
	{"ringCount0", "(J)I", (void *)ringCount0},
	{"status0", "(J" BUFFER ")I", (void *)status0},
	{"read0", "(JIJ" BUFFER "I)I", (void *)read0},
	{"commit0", "(JIJ)I", (void *)commit0},
	{"alive0", "(J)I", (void *)alive0},
	{"name0", "(JII" BUFFER ")I", (void *)name0},
};

JNIEXPORT jint JNICALL JNI_OnLoad(JavaVM *vm, void *reserved)
{
	JNIEnv *env;
	jclass class;
	jint ret;

	(void)reserved;
	if ((*vm)->GetEnv(vm, (void **)&env, JNI_VERSION_10) != JNI_OK)
		return JNI_ERR;
	class = (*env)->FindClass(env, CLASS_NAME);
	if (class == NULL)
		return JNI_ERR;
	ret = (*env)->RegisterNatives(env, class, methods, sizeof(methods) / sizeof(methods[0]));
	(*env)->DeleteLocalRef(env, class);
	return ret == JNI_OK ? JNI_VERSION_10 : JNI_ERR;
}
