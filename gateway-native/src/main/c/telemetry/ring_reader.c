// SPDX-License-Identifier: Apache-2.0
#include "ring_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct ring_view {
	struct dt_ring *ring;
	const struct dt_record *records;
	uint64_t capacity;
};

struct dt_ring_reader {
	int fd;
	bool consume;
	size_t file_bytes;
	struct dt_ring_file *file;
	uint64_t boot_id;
	uint32_t pid;
	unsigned int ring_count;
	char node[DT_NAME_LEN];
	struct ring_view rings[DT_MAX_RINGS];
};

static int map_rings(struct dt_ring_reader *reader)
{
	struct dt_ring_file *file = reader->file;
	uint32_t ring_count = file->ring_count;

	if (file->magic != DT_RING_MAGIC || file->layout_version != DT_RING_LAYOUT_VERSION ||
		file->header_bytes != sizeof(*file) ||
		file->record_bytes != sizeof(struct dt_record) ||
		file->file_bytes != reader->file_bytes || ring_count < 1 ||
		ring_count > DT_MAX_RINGS)
		return -EBADMSG;
	reader->ring_count = ring_count;
	reader->boot_id = file->boot_id;
	reader->pid = file->pid;
	memcpy(reader->node, file->node, sizeof(reader->node));
	if (memchr(reader->node, '\0', sizeof(reader->node)) == NULL || reader->node[0] == '\0')
		return -EBADMSG;
	for (unsigned int i = 0; i < ring_count; i++) {
		uint64_t offset = file->rings[i].records_offset, capacity = file->rings[i].capacity;

		if (capacity == 0 || (capacity & (capacity - 1)) != 0)
			return -EBADMSG;
		if (offset < sizeof(*file) || offset > reader->file_bytes ||
			offset % _Alignof(struct dt_record) != 0 ||
			capacity > (reader->file_bytes - offset) / sizeof(struct dt_record))
			return -EBADMSG;
		reader->rings[i].ring = &file->rings[i];
		reader->rings[i].records = (const struct dt_record *)((const char *)file + offset);
		reader->rings[i].capacity = capacity;
	}
	return 0;
}

// One consumer at a time. It is another kind of lock than the producer's flock(), so that the two
// do not meet.
static int become_the_consumer(int fd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};

	if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
		return 0;
	return errno == EAGAIN || errno == EACCES ? -EBUSY : -errno;
}

int dt_ring_reader_open(const char *path, bool consume, struct dt_ring_reader **out)
{
	struct dt_ring_reader *reader = calloc(1, sizeof(*reader));
	struct stat status;
	int ret;

	if (reader == NULL)
		return -ENOMEM;
	reader->file = MAP_FAILED;
	reader->consume = consume;
	// O_NONBLOCK: a FIFO by this name must not stop the agent.
	reader->fd =
		open(path, (consume ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (reader->fd < 0 || fstat(reader->fd, &status) < 0) {
		ret = -errno;
		goto fail;
	}
	ret = -EBADMSG;
	if (!S_ISREG(status.st_mode) || status.st_size < (off_t)sizeof(struct dt_ring_file))
		goto fail;
	if (consume) {
		ret = become_the_consumer(reader->fd);
		if (ret < 0)
			goto fail;
	}
	reader->file_bytes = (size_t)status.st_size;
	reader->file = mmap(NULL, reader->file_bytes, PROT_READ | (consume ? PROT_WRITE : 0),
		MAP_SHARED, reader->fd, 0);
	if (reader->file == MAP_FAILED) {
		ret = -errno;
		goto fail;
	}
	ret = map_rings(reader);
	if (ret < 0)
		goto fail;
	*out = reader;
	return 0;

fail:
	dt_ring_reader_close(reader);
	return ret;
}

void dt_ring_reader_close(struct dt_ring_reader *reader)
{
	if (reader == NULL)
		return;
	if (reader->file != MAP_FAILED)
		munmap(reader->file, reader->file_bytes);
	if (reader->fd >= 0)
		close(reader->fd);
	free(reader);
}

uint64_t dt_ring_reader_boot_id(const struct dt_ring_reader *reader)
{
	return reader->boot_id;
}

const char *dt_ring_reader_node(const struct dt_ring_reader *reader)
{
	return reader->node;
}

uint32_t dt_ring_reader_pid(const struct dt_ring_reader *reader)
{
	return reader->pid;
}

unsigned int dt_ring_reader_count(const struct dt_ring_reader *reader)
{
	return reader->ring_count;
}

// Touching pages that were cut off would be SIGBUS.
static bool cut_short(const struct dt_ring_reader *reader)
{
	struct stat status;

	return fstat(reader->fd, &status) < 0 || status.st_size < (off_t)reader->file_bytes;
}

static int load_status(const struct ring_view *view, struct dt_ring_status *out)
{
	// The time first: what was stamped before it is below a head that is read later.
	out->producer_time_ns =
		atomic_load_explicit(&view->ring->producer_time_ns, memory_order_acquire);
	out->head = atomic_load_explicit(&view->ring->head, memory_order_acquire);
	out->tail = atomic_load_explicit(&view->ring->tail, memory_order_relaxed);
	out->lost = atomic_load_explicit(&view->ring->lost, memory_order_relaxed);
	out->capacity = view->capacity;
	return out->head - out->tail > view->capacity ? -EBADMSG : 0;
}

int dt_ring_reader_status(
	const struct dt_ring_reader *reader, unsigned int ring, struct dt_ring_status *out)
{
	if (ring >= reader->ring_count)
		return -EINVAL;
	if (cut_short(reader))
		return -EBADMSG;
	return load_status(&reader->rings[ring], out);
}

static int copy_records(const struct dt_ring_reader *reader, unsigned int ring, bool released_too,
	uint64_t from, struct dt_record *out, uint32_t max)
{
	struct dt_ring_status status;
	const struct ring_view *view;
	uint64_t first, count;
	int ret = dt_ring_reader_status(reader, ring, &status);

	if (ret < 0)
		return ret;
	view = &reader->rings[ring];
	first = status.tail;
	if (released_too)
		first = status.head > view->capacity ? status.head - view->capacity : 0;
	if (from < first || from > status.head)
		return -EINVAL;
	count = status.head - from;
	if (count > max)
		count = max;
	if (count > INT32_MAX)
		count = INT32_MAX;
	for (uint64_t i = 0; i < count; i++)
		out[i] = view->records[(from + i) & (view->capacity - 1)];
	return (int)count;
}

int dt_ring_reader_read(const struct dt_ring_reader *reader, unsigned int ring, uint64_t from,
	struct dt_record *out, uint32_t max)
{
	return copy_records(reader, ring, false, from, out, max);
}

int dt_ring_reader_look(const struct dt_ring_reader *reader, unsigned int ring, uint64_t from,
	struct dt_record *out, uint32_t max)
{
	return copy_records(reader, ring, true, from, out, max);
}

int dt_ring_reader_commit(struct dt_ring_reader *reader, unsigned int ring, uint64_t tail)
{
	struct dt_ring_status status;
	int ret;

	if (!reader->consume)
		return -EINVAL;
	ret = dt_ring_reader_status(reader, ring, &status);
	if (ret < 0)
		return ret;
	if (tail < status.tail || tail > status.head)
		return -EINVAL;
	atomic_store_explicit(&reader->rings[ring].ring->tail, tail, memory_order_release);
	return 0;
}

int dt_ring_reader_alive(const struct dt_ring_reader *reader)
{
	if (flock(reader->fd, LOCK_SH | LOCK_NB) == 0) {
		flock(reader->fd, LOCK_UN);
		return 0;
	}
	return errno == EWOULDBLOCK ? 1 : -errno;
}

int dt_ring_reader_name(const struct dt_ring_reader *reader, enum dt_name_kind kind, uint32_t slot,
	char out[DT_NAME_LEN])
{
	if (slot >= DT_MAX_NAMES || (kind != DT_NAME_VIP && kind != DT_NAME_BACKEND))
		return -EINVAL;
	if (cut_short(reader))
		return -EBADMSG;
	memcpy(out,
		kind == DT_NAME_VIP ? reader->file->vip_names[slot]
				    : reader->file->backend_names[slot],
		DT_NAME_LEN);
	out[DT_NAME_LEN - 1] = '\0';
	return (int)strlen(out);
}
