// SPDX-License-Identifier: Apache-2.0
#include "ring.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct dt_ring_producer {
	int fd;
	unsigned int ring_count;
	size_t file_bytes;
	struct dt_ring_file *file;
	struct dt_ring_writer *writers;
	char path[PATH_MAX];
};

static size_t align_up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

static int check_config(const struct dt_ring_producer_config *config)
{
	size_t len = strnlen(config->node, DT_NAME_LEN);

	if (len == 0 || len >= DT_NAME_LEN || strchr(config->node, '/') != NULL ||
		config->node[0] == '.')
		return -EINVAL;
	if (config->workers < 1 || config->workers >= DT_MAX_RINGS)
		return -EINVAL;
	if (config->ring_records < DT_RING_MIN_RECORDS ||
		config->ring_records > DT_RING_MAX_RECORDS ||
		(config->ring_records & (config->ring_records - 1)) != 0)
		return -EINVAL;
	return 0;
}

// Removes what a gateway of this node left behind that was killed between making its file and
// publishing it.
static void remove_unpublished(const char *directory, const char *node)
{
	char prefix[DT_NAME_LEN + 4];
	struct dirent *entry;
	DIR *dir = opendir(directory);

	if (dir == NULL)
		return;
	snprintf(prefix, sizeof(prefix), ".%s-", node);
	while ((entry = readdir(dir)) != NULL) {
		size_t len = strlen(entry->d_name);
		int fd;

		if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0 || len < 4 ||
			strcmp(entry->d_name + len - 4, ".tmp") != 0)
			continue;
		fd = openat(dirfd(dir), entry->d_name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			unlinkat(dirfd(dir), entry->d_name, 0);
		close(fd);
	}
	closedir(dir);
}

static void fill_header(
	struct dt_ring_producer *producer, const struct dt_ring_producer_config *config)
{
	struct dt_ring_file *file = producer->file;
	size_t offset = align_up(sizeof(*file), 4096);

	file->layout_version = DT_RING_LAYOUT_VERSION;
	file->header_bytes = sizeof(*file);
	file->record_bytes = sizeof(struct dt_record);
	file->ring_count = producer->ring_count;
	file->file_bytes = producer->file_bytes;
	file->boot_id = config->boot_id;
	file->pid = (uint32_t)getpid();
	snprintf(file->node, sizeof(file->node), "%s", config->node);
	for (unsigned int i = 0; i < producer->ring_count; i++) {
		struct dt_ring *ring = &file->rings[i];
		struct dt_ring_writer *writer = &producer->writers[i];

		ring->capacity = config->ring_records;
		ring->records_offset = offset;
		// Nothing was stamped before the start.
		atomic_store_explicit(
			&ring->producer_time_ns, config->boot_id, memory_order_relaxed);
		writer->ring = ring;
		writer->records = (struct dt_record *)((char *)file + offset);
		writer->mask = config->ring_records - 1;
		writer->index = (uint16_t)i;
		offset += config->ring_records * sizeof(struct dt_record);
	}
	file->magic = DT_RING_MAGIC;
}

int dt_ring_producer_create(
	const struct dt_ring_producer_config *config, struct dt_ring_producer **out)
{
	char temporary[PATH_MAX];
	struct dt_ring_producer *producer;
	size_t writers_bytes;
	int ret = check_config(config);

	if (ret < 0)
		return ret;
	producer = calloc(1, sizeof(*producer));
	if (producer == NULL)
		return -ENOMEM;
	producer->fd = -1;
	producer->file = MAP_FAILED;
	producer->ring_count = config->workers + 1;
	producer->file_bytes =
		align_up(sizeof(struct dt_ring_file), 4096) +
		producer->ring_count * config->ring_records * sizeof(struct dt_record);
	writers_bytes = producer->ring_count * sizeof(*producer->writers);
	producer->writers = aligned_alloc(64, writers_bytes);
	if (producer->writers == NULL) {
		ret = -ENOMEM;
		goto fail;
	}
	memset(producer->writers, 0, writers_bytes);

	ret = -ENAMETOOLONG;
	if (snprintf(producer->path, sizeof(producer->path), "%s/%s-%020" PRIu64 ".rings",
		    config->directory, config->node,
		    config->boot_id) >= (int)sizeof(producer->path) ||
		snprintf(temporary, sizeof(temporary), "%s/.%s-%020" PRIu64 ".tmp",
			config->directory, config->node, config->boot_id) >= (int)sizeof(temporary))
		goto fail;
	if (access(producer->path, F_OK) == 0) {
		ret = -EEXIST;
		goto fail;
	}
	remove_unpublished(config->directory, config->node);
	producer->fd = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (producer->fd < 0) {
		ret = -errno;
		goto fail;
	}
	if (flock(producer->fd, LOCK_EX | LOCK_NB) < 0) {
		ret = -errno;
		goto fail_unlink;
	}
	// Takes the memory now: a tmpfs that is full later would kill the gateway with SIGBUS.
	ret = -posix_fallocate(producer->fd, 0, (off_t)producer->file_bytes);
	if (ret < 0)
		goto fail_unlink;
	producer->file = mmap(NULL, producer->file_bytes, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_POPULATE, producer->fd, 0);
	if (producer->file == MAP_FAILED) {
		ret = -errno;
		goto fail_unlink;
	}
	fill_header(producer, config);
	if (rename(temporary, producer->path) < 0) {
		ret = -errno;
		goto fail_unlink;
	}
	*out = producer;
	return 0;

fail_unlink:
	unlink(temporary);
fail:
	dt_ring_producer_close(producer);
	return ret;
}

void dt_ring_producer_close(struct dt_ring_producer *producer)
{
	if (producer == NULL)
		return;
	if (producer->file != MAP_FAILED)
		munmap(producer->file, producer->file_bytes);
	if (producer->fd >= 0)
		close(producer->fd);
	free(producer->writers);
	free(producer);
}

const char *dt_ring_producer_path(const struct dt_ring_producer *producer)
{
	return producer->path;
}

struct dt_ring_writer *dt_ring_producer_writer(struct dt_ring_producer *producer, unsigned int ring)
{
	return ring < producer->ring_count ? &producer->writers[ring] : NULL;
}

static int slot_of(char names[][DT_NAME_LEN], const char *name)
{
	size_t len = strnlen(name, DT_NAME_LEN);

	if (len == 0 || len >= DT_NAME_LEN)
		return -EINVAL;
	for (int i = 0; i < DT_MAX_NAMES; i++) {
		if (names[i][0] == '\0')
			memcpy(names[i], name, len + 1);
		if (strcmp(names[i], name) == 0)
			return i;
	}
	return -ENOSPC;
}

int dt_ring_producer_vip_slot(struct dt_ring_producer *producer, const char *name)
{
	return slot_of(producer->file->vip_names, name);
}

int dt_ring_producer_backend_slot(struct dt_ring_producer *producer, const char *name)
{
	return slot_of(producer->file->backend_names, name);
}

const char *dt_ring_producer_vip_name(const struct dt_ring_producer *producer, uint32_t slot)
{
	if (slot >= DT_MAX_NAMES || producer->file->vip_names[slot][0] == '\0')
		return NULL;
	return producer->file->vip_names[slot];
}
