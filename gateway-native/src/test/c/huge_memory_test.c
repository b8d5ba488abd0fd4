// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "../../main/c/datapath/huge_memory.h"

static void should_map_zeroed_memory_aligned_to_a_huge_page(void **state)
{
	static const size_t sizes[] = {1, 4096, (2 << 20) - 1, 2 << 20, (6 << 20) + 1};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		unsigned char *memory = huge_memory_map(sizes[i]);

		assert_non_null(memory);
		assert_int_equal((uintptr_t)memory % (2 << 20), 0);
		for (size_t at = 0; at < sizes[i]; at += 1024) {
			assert_int_equal(memory[at], 0);
			memory[at] = 1;
		}
		memory[sizes[i] - 1] = 1;
		huge_memory_unmap(memory, sizes[i]);
	}
	huge_memory_unmap(NULL, 0);
}

static void should_refuse_what_no_machine_has(void **state)
{
	(void)state;
	assert_null(huge_memory_map(SIZE_MAX));
	assert_null(huge_memory_map(SIZE_MAX - (2 << 20)));
	assert_null(huge_memory_map(SIZE_MAX / 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(should_map_zeroed_memory_aligned_to_a_huge_page),
		cmocka_unit_test(should_refuse_what_no_machine_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
