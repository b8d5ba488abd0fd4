// SPDX-License-Identifier: Apache-2.0
//
// Both sides of the telemetry file.
#include "test.h"

#include "../../main/c/telemetry/ring.h"
#include "../../main/c/telemetry/ring_reader.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BOOT_ID 1767225600000000000ull
#define RECORDS 64

static char directory[64];

static int setup(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/dyetrace-ring-test-XXXXXX");
	return mkdtemp(directory) == NULL ? -1 : 0;
}

static void each_file(void (*apply)(int dir, const char *name, void *arg), void *arg)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			apply(dirfd(dir), entry->d_name, arg);
	}
	closedir(dir);
}

static void remove_file(int dir, const char *name, void *arg)
{
	(void)arg;
	unlinkat(dir, name, 0);
}

static void count_file(int dir, const char *name, void *arg)
{
	(void)dir;
	(void)name;
	(*(int *)arg)++;
}

static int teardown(void **state)
{
	(void)state;
	each_file(remove_file, NULL);
	return rmdir(directory);
}

static struct dt_ring_producer_config config(void)
{
	return (struct dt_ring_producer_config){.directory = directory,
		.node = "gw-1",
		.boot_id = BOOT_ID,
		.workers = 2,
		.ring_records = RECORDS};
}

static struct dt_ring_producer *create(void)
{
	struct dt_ring_producer_config c = config();
	struct dt_ring_producer *producer;

	assert_int_equal(dt_ring_producer_create(&c, &producer), 0);
	return producer;
}

static struct dt_ring_reader *open_reader(const struct dt_ring_producer *producer)
{
	struct dt_ring_reader *reader;

	assert_int_equal(dt_ring_reader_open(dt_ring_producer_path(producer), true, &reader), 0);
	return reader;
}

static struct dt_record record(uint64_t time_ns)
{
	return (struct dt_record){.time_ns = time_ns, .type = DT_RECORD_POINT};
}

static bool push(struct dt_ring_producer *producer, unsigned int ring, uint64_t time_ns)
{
	struct dt_record r = record(time_ns);

	return dt_ring_push(dt_ring_producer_writer(producer, ring), &r);
}

static struct dt_ring_status status_of(const struct dt_ring_reader *reader, unsigned int ring)
{
	struct dt_ring_status status;

	assert_int_equal(dt_ring_reader_status(reader, ring, &status), 0);
	return status;
}

static void should_hand_records_over_in_order(void **state)
{
	struct dt_ring_producer *producer = create();
	struct dt_ring_reader *reader = open_reader(producer);
	struct dt_record out[RECORDS];

	(void)state;
	assert_int_equal(dt_ring_reader_count(reader), 3);
	assert_int_equal(dt_ring_reader_boot_id(reader), BOOT_ID);
	assert_string_equal(dt_ring_reader_node(reader), "gw-1");
	assert_int_equal(dt_ring_reader_pid(reader), getpid());
	for (uint64_t i = 0; i < 10; i++)
		assert_true(push(producer, 1, 100 + i));
	assert_int_equal(dt_ring_reader_read(reader, 0, 0, out, RECORDS), 0);
	assert_int_equal(dt_ring_reader_read(reader, 1, 0, out, 4), 4);
	assert_int_equal(dt_ring_reader_read(reader, 1, 4, out + 4, RECORDS), 6);
	for (uint64_t i = 0; i < 10; i++) {
		assert_int_equal(out[i].sequence, i + 1);
		assert_int_equal(out[i].time_ns, 100 + i);
		assert_int_equal(out[i].ring, 1);
	}
	dt_ring_reader_close(reader);
	dt_ring_producer_close(producer);
}

static void should_count_what_finds_the_ring_full_and_go_on_without_a_gap(void **state)
{
	struct dt_ring_producer *producer = create();
	struct dt_ring_reader *reader = open_reader(producer);
	struct dt_record out[RECORDS];

	(void)state;
	for (int i = 0; i < RECORDS; i++)
		assert_true(push(producer, 0, 1));
	assert_int_equal(dt_ring_used(dt_ring_producer_writer(producer, 0)), RECORDS);
	assert_false(push(producer, 0, 1));
	assert_false(push(producer, 0, 1));
	assert_int_equal(dt_ring_lost(dt_ring_producer_writer(producer, 0)), 2);
	assert_int_equal(status_of(reader, 0).lost, 2);

	assert_int_equal(dt_ring_reader_commit(reader, 0, 1), 0);
	assert_true(push(producer, 0, 2));
	assert_false(push(producer, 0, 2));
	assert_int_equal(dt_ring_reader_read(reader, 0, 1, out, RECORDS), RECORDS);
	for (uint64_t i = 0; i < RECORDS; i++)
		assert_int_equal(out[i].sequence, i + 2);
	dt_ring_reader_close(reader);
	dt_ring_producer_close(producer);
}

static void should_refuse_to_read_or_release_out_of_range(void **state)
{
	struct dt_ring_producer *producer = create();
	struct dt_ring_reader *reader = open_reader(producer), *onlooker;
	struct dt_ring_status status;
	struct dt_record out[4];

	(void)state;
	for (int i = 0; i < 10; i++)
		push(producer, 0, 1);
	assert_int_equal(dt_ring_reader_commit(reader, 0, 11), -EINVAL);
	assert_int_equal(dt_ring_reader_commit(reader, 0, 5), 0);
	assert_int_equal(dt_ring_reader_commit(reader, 0, 4), -EINVAL);
	assert_int_equal(dt_ring_reader_commit(reader, 3, 0), -EINVAL);
	assert_int_equal(dt_ring_reader_read(reader, 0, 4, out, 4), -EINVAL);
	assert_int_equal(dt_ring_reader_read(reader, 0, 11, out, 4), -EINVAL);
	assert_int_equal(dt_ring_reader_read(reader, 3, 0, out, 4), -EINVAL);
	assert_int_equal(dt_ring_reader_read(reader, UINT32_MAX, 0, out, 4), -EINVAL);
	assert_int_equal(dt_ring_reader_status(reader, 3, &status), -EINVAL);
	assert_int_equal(dt_ring_reader_read(reader, 0, 10, out, 4), 0);
	assert_int_equal(dt_ring_reader_read(reader, 0, 5, out, 0), 0);

	assert_int_equal(dt_ring_reader_open(dt_ring_producer_path(producer), false, &onlooker), 0);
	assert_int_equal(dt_ring_reader_look(onlooker, 0, 0, out, 4), 4); // released, still there
	assert_int_equal(out[0].sequence, 1);
	assert_int_equal(dt_ring_reader_commit(onlooker, 0, 6), -EINVAL);
	dt_ring_reader_close(onlooker);
	dt_ring_reader_close(reader);
	dt_ring_producer_close(producer);
}

static void should_let_one_consumer_in_at_a_time(void **state)
{
	struct dt_ring_producer *producer = create();
	struct dt_ring_reader *reader = open_reader(producer), *second;

	(void)state;
	assert_int_equal(
		dt_ring_reader_open(dt_ring_producer_path(producer), true, &second), -EBUSY);
	assert_int_equal(dt_ring_reader_alive(reader), 1);
	dt_ring_reader_close(reader);
	assert_int_equal(dt_ring_reader_open(dt_ring_producer_path(producer), true, &second), 0);
	dt_ring_reader_close(second);
	dt_ring_producer_close(producer);
}

static void should_go_on_where_the_consumer_before_left_off(void **state)
{
	struct dt_ring_producer *producer = create();
	struct dt_ring_reader *reader = open_reader(producer);
	struct dt_record out[RECORDS];

	(void)state;
	for (int i = 0; i < 10; i++)
		push(producer, 0, 1);
	dt_ring_reader_commit(reader, 0, 3);
	dt_ring_reader_close(reader);
	reader = open_reader(producer);
	assert_int_equal(status_of(reader, 0).tail, 3);
	assert_int_equal(dt_ring_reader_read(reader, 0, 3, out, RECORDS), 7);
	assert_int_equal(out[0].sequence, 4);
	dt_ring_reader_close(reader);
	dt_ring_producer_close(producer);
}

static void should_tell_until_when_everything_has_been_written(void **state)
{
	struct dt_ring_producer *producer = create();
	struct dt_ring_reader *reader = open_reader(producer);

	(void)state;
	assert_int_equal(status_of(reader, 0).producer_time_ns, BOOT_ID);
	dt_ring_set_time(dt_ring_producer_writer(producer, 0), BOOT_ID + 5);
	assert_int_equal(status_of(reader, 0).producer_time_ns, BOOT_ID + 5);
	assert_int_equal(status_of(reader, 1).producer_time_ns, BOOT_ID);
	dt_ring_reader_close(reader);
	dt_ring_producer_close(producer);
}

static void should_give_a_name_the_same_slot_for_ever(void **state)
{
	struct dt_ring_producer *producer = create();
	struct dt_ring_reader *reader = open_reader(producer);
	char long_name[DT_NAME_LEN + 1], name[DT_NAME_LEN];

	(void)state;
	memset(long_name, 'x', DT_NAME_LEN);
	long_name[DT_NAME_LEN] = '\0';
	assert_int_equal(dt_ring_producer_vip_slot(producer, "vip-web"), 0);
	assert_int_equal(dt_ring_producer_vip_slot(producer, "vip-api"), 1);
	assert_int_equal(dt_ring_producer_vip_slot(producer, "vip-web"), 0);
	assert_int_equal(dt_ring_producer_backend_slot(producer, "rs-1-web"), 0);
	assert_string_equal(dt_ring_producer_vip_name(producer, 1), "vip-api");
	assert_null(dt_ring_producer_vip_name(producer, 2));
	assert_null(dt_ring_producer_vip_name(producer, DT_MAX_NAMES));
	assert_int_equal(dt_ring_producer_vip_slot(producer, ""), -EINVAL);
	assert_int_equal(dt_ring_producer_vip_slot(producer, long_name), -EINVAL);
	assert_int_equal(dt_ring_reader_name(reader, DT_NAME_VIP, 1, name), 7);
	assert_string_equal(name, "vip-api");
	assert_int_equal(dt_ring_reader_name(reader, DT_NAME_BACKEND, 0, name), 8);
	assert_int_equal(dt_ring_reader_name(reader, DT_NAME_BACKEND, 1, name), 0);
	assert_int_equal(dt_ring_reader_name(reader, DT_NAME_VIP, DT_MAX_NAMES, name), -EINVAL);
	assert_int_equal(dt_ring_reader_name(reader, DT_NAME_VIP, DT_SLOT_NONE, name), -EINVAL);
	assert_int_equal(dt_ring_reader_name(reader, (enum dt_name_kind)2, 0, name), -EINVAL);
	for (int i = 2; i < DT_MAX_NAMES; i++) {
		snprintf(name, sizeof(name), "vip-%d", i);
		assert_int_equal(dt_ring_producer_vip_slot(producer, name), i);
	}
	assert_int_equal(dt_ring_producer_vip_slot(producer, "one-more"), -ENOSPC);
	dt_ring_reader_close(reader);
	dt_ring_producer_close(producer);
}

static void should_refuse_a_producer_out_of_range(void **state)
{
	struct dt_ring_producer_config c;
	struct dt_ring_producer *producer;
	int files = 0;

	(void)state;
#define REFUSED(field, value, error)                                                               \
	c = config();                                                                              \
	c.field = value;                                                                           \
	assert_int_equal(dt_ring_producer_create(&c, &producer), error)

	REFUSED(node, "", -EINVAL);
	REFUSED(node, "../gw-1", -EINVAL);
	REFUSED(node, ".hidden", -EINVAL);
	REFUSED(node, "0123456789012345678901234567890123456789012345678901234567890123", -EINVAL);
	REFUSED(workers, 0, -EINVAL);
	REFUSED(workers, DT_MAX_RINGS, -EINVAL);
	REFUSED(ring_records, 0, -EINVAL);
	REFUSED(ring_records, 32, -EINVAL);
	REFUSED(ring_records, 1000, -EINVAL);
	REFUSED(ring_records, 1ull << 40, -EINVAL);
	REFUSED(directory, "/nonexistent", -ENOENT);
	each_file(count_file, &files);
	assert_int_equal(files, 0);
}

static void should_not_overwrite_a_file_and_clean_up_after_a_killed_start(void **state)
{
	struct dt_ring_producer_config c = config();
	struct dt_ring_producer *producer = create(), *second;
	char left_over[128];
	int files = 0, fd;

	(void)state;
	assert_int_equal(dt_ring_producer_create(&c, &second), -EEXIST);
	snprintf(left_over, sizeof(left_over), "%s/.gw-1-00000000000000000001.tmp", directory);
	fd = open(left_over, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	c.boot_id++;
	assert_int_equal(dt_ring_producer_create(&c, &second), 0);
	each_file(count_file, &files);
	assert_int_equal(files, 2);
	dt_ring_producer_close(second);
	dt_ring_producer_close(producer);
}

static void write_at(const char *path, size_t offset, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, len, (off_t)offset), len);
	close(fd);
}

static void should_refuse_a_hostile_file(void **state)
{
	static const struct {
		size_t offset;
		uint64_t value;
		size_t bytes;
	} lies[] = {
		{offsetof(struct dt_ring_file, magic), 1, 8},
		{offsetof(struct dt_ring_file, layout_version), 2, 4},
		{offsetof(struct dt_ring_file, header_bytes), 64, 4},
		{offsetof(struct dt_ring_file, record_bytes), 64, 4},
		{offsetof(struct dt_ring_file, ring_count), 0, 4},
		{offsetof(struct dt_ring_file, ring_count), DT_MAX_RINGS + 1, 4},
		{offsetof(struct dt_ring_file, ring_count), UINT32_MAX, 4},
		{offsetof(struct dt_ring_file, ring_count), 4, 4}, // a ring without capacity
		{offsetof(struct dt_ring_file, file_bytes), 1, 8},
		{offsetof(struct dt_ring_file, node), 0, 1},
		{offsetof(struct dt_ring_file, rings[1].capacity), 0, 8},
		{offsetof(struct dt_ring_file, rings[1].capacity), 63, 8},
		{offsetof(struct dt_ring_file, rings[1].capacity), 1ull << 63, 8},
		{offsetof(struct dt_ring_file, rings[1].capacity), 1ull << 57, 8}, // × 128 is 2^64
		{offsetof(struct dt_ring_file, rings[2].capacity), 2 * RECORDS, 8},
		{offsetof(struct dt_ring_file, rings[1].records_offset), 0, 8},
		{offsetof(struct dt_ring_file, rings[1].records_offset), UINT64_MAX - 63, 8},
		{offsetof(struct dt_ring_file, rings[2].records_offset),
			sizeof(struct dt_ring_file) + 1, 8},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct dt_ring_producer *producer = create();
		struct dt_ring_reader *reader;
		char path[256];

		snprintf(path, sizeof(path), "%s", dt_ring_producer_path(producer));
		write_at(path, lies[i].offset, &lies[i].value, lies[i].bytes);
		if (dt_ring_reader_open(path, true, &reader) != -EBADMSG)
			fail_msg("lie %zu was believed", i);
		dt_ring_producer_close(producer);
		unlink(path);
	}
}

static void should_refuse_what_is_no_regular_file_or_too_short(void **state)
{
	struct dt_ring_reader *reader;
	char path[128], link[128];
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/gw-1-1.rings", directory);
	snprintf(link, sizeof(link), "%s/link", directory);
	assert_int_equal(dt_ring_reader_open(path, true, &reader), -ENOENT);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(dt_ring_reader_open(path, true, &reader), -EBADMSG);
	unlink(path);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_int_equal(dt_ring_reader_open(path, true, &reader), -EBADMSG);
	assert_int_equal(ftruncate(fd, sizeof(struct dt_ring_file) - 1), 0);
	assert_int_equal(dt_ring_reader_open(path, true, &reader), -EBADMSG);
	assert_int_equal(ftruncate(fd, sizeof(struct dt_ring_file)), 0);
	assert_int_equal(dt_ring_reader_open(path, true, &reader), -EBADMSG);
	close(fd);
	assert_int_equal(symlink(path, link), 0);
	assert_int_equal(dt_ring_reader_open(link, true, &reader), -ELOOP);
}

static void should_notice_a_file_that_turns_hostile_while_open(void **state)
{
	struct dt_ring_producer *producer = create();
	struct dt_ring_reader *reader = open_reader(producer);
	const char *path = dt_ring_producer_path(producer);
	uint64_t head = 1ull << 40;
	struct dt_ring_status status;
	struct dt_record out[4];
	char name[DT_NAME_LEN];

	(void)state;
	write_at(path, offsetof(struct dt_ring_file, rings[0].head), &head, 8);
	assert_int_equal(dt_ring_reader_status(reader, 0, &status), -EBADMSG);
	assert_int_equal(dt_ring_reader_read(reader, 0, 0, out, 4), -EBADMSG);
	assert_int_equal(dt_ring_reader_commit(reader, 0, 1), -EBADMSG);
	assert_int_equal(truncate(path, 4096), 0);
	assert_int_equal(dt_ring_reader_status(reader, 1, &status), -EBADMSG);
	assert_int_equal(dt_ring_reader_read(reader, 1, 0, out, 4), -EBADMSG);
	assert_int_equal(dt_ring_reader_name(reader, DT_NAME_VIP, 0, name), -EBADMSG);
	dt_ring_reader_close(reader);
	dt_ring_producer_close(producer);
}

static void should_hand_over_everything_a_killed_producer_wrote(void **state)
{
	struct dt_ring_reader *reader;
	struct dt_record out[RECORDS];
	char path[256], byte;
	int ready[2];
	pid_t child;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct dt_ring_producer_config c = config();
		struct dt_ring_producer *producer;

		if (dt_ring_producer_create(&c, &producer) != 0)
			_exit(1);
		for (uint64_t i = 0; i < 20; i++)
			push(producer, 0, i);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	snprintf(path, sizeof(path), "%s/gw-1-%020llu.rings", directory,
		(unsigned long long)BOOT_ID);
	assert_int_equal(dt_ring_reader_open(path, true, &reader), 0);
	assert_int_equal(dt_ring_reader_alive(reader), 1);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_int_equal(dt_ring_reader_alive(reader), 0);
	assert_int_equal(dt_ring_reader_read(reader, 0, 0, out, RECORDS), 20);
	assert_int_equal(out[19].sequence, 20);
	dt_ring_reader_close(reader);
	close(ready[0]);
	close(ready[1]);
}

#define STRESS_RECORDS 1000000ull

struct stress {
	struct dt_ring_producer *producer;
	uint64_t attempts;
	_Atomic int done;
};

static void *stress_producer(void *arg)
{
	struct stress *s = arg;
	struct dt_ring_writer *writer = dt_ring_producer_writer(s->producer, 0);
	struct dt_record r = record(0);

	for (uint64_t i = 1; i <= STRESS_RECORDS; i++) {
		// The record says its own number everywhere, so that a torn one shows.
		r.time_ns = i;
		memset(r.bytes, (int)(i & 0xff), sizeof(r.bytes));
		s->attempts++;
		// Mostly it tries again; a ring that is often full is tested too.
		while (!dt_ring_push(writer, &r) && i % 64 != 0) {
			sched_yield();
			s->attempts++;
		}
		if (i % 16 == 0)
			dt_ring_set_time(writer, i);
	}
	dt_ring_set_time(writer, STRESS_RECORDS);
	atomic_store(&s->done, 1);
	return NULL;
}

static void check_record(const struct dt_record *r, uint64_t sequence)
{
	if (r->sequence != sequence)
		fail_msg("sequence %llu instead of %llu", (unsigned long long)r->sequence,
			(unsigned long long)sequence);
	for (size_t i = 0; i < sizeof(r->bytes); i++) {
		if (r->bytes[i] != (r->time_ns & 0xff))
			fail_msg("record %llu is torn", (unsigned long long)sequence);
	}
}

static void should_pass_millions_of_records_between_two_threads_without_a_gap(void **state)
{
	struct dt_ring_producer_config c = config();
	struct stress s = {0};
	struct dt_ring_reader *reader;
	uint64_t position = 0, last_time = 0, promised = 0;
	struct dt_ring_status status;
	struct dt_record out[256];
	pthread_t thread;

	(void)state;
	c.ring_records = 1024;
	assert_int_equal(dt_ring_producer_create(&c, &s.producer), 0);
	reader = open_reader(s.producer);
	assert_int_equal(pthread_create(&thread, NULL, stress_producer, &s), 0);
	for (;;) {
		int done = atomic_load(&s.done);
		int count;

		status = status_of(reader, 0);
		// Everything up to the promised time stands below the head seen with it, or was
		// lost.
		promised = status.producer_time_ns == BOOT_ID ? promised : status.producer_time_ns;
		count = dt_ring_reader_read(reader, 0, position, out, 256);
		assert_true(count >= 0);
		for (int i = 0; i < count; i++) {
			check_record(&out[i], position + (uint64_t)i + 1);
			assert_true(out[i].time_ns > last_time);
			last_time = out[i].time_ns;
			if (position + (uint64_t)i >= status.head)
				assert_true(out[i].time_ns > promised);
		}
		position += (uint64_t)count;
		assert_int_equal(dt_ring_reader_commit(reader, 0, position), 0);
		if (count == 0 && done)
			break;
	}
	pthread_join(thread, NULL);
	status = status_of(reader, 0);
	assert_int_equal(status.head, position);
	assert_int_equal(position + status.lost, s.attempts);
	assert_true(position > STRESS_RECORDS / 2);
	print_message("%llu records passed, %llu found the ring full\n",
		(unsigned long long)position, (unsigned long long)status.lost);
	dt_ring_reader_close(reader);
	dt_ring_producer_close(s.producer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(should_hand_records_over_in_order),
		TEST(should_count_what_finds_the_ring_full_and_go_on_without_a_gap),
		TEST(should_refuse_to_read_or_release_out_of_range),
		TEST(should_let_one_consumer_in_at_a_time),
		TEST(should_go_on_where_the_consumer_before_left_off),
		TEST(should_tell_until_when_everything_has_been_written),
		TEST(should_give_a_name_the_same_slot_for_ever),
		TEST(should_refuse_a_producer_out_of_range),
		TEST(should_not_overwrite_a_file_and_clean_up_after_a_killed_start),
		TEST(should_refuse_a_hostile_file),
		TEST(should_refuse_what_is_no_regular_file_or_too_short),
		TEST(should_notice_a_file_that_turns_hostile_while_open),
		TEST(should_hand_over_everything_a_killed_producer_wrote),
		TEST(should_pass_millions_of_records_between_two_threads_without_a_gap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
