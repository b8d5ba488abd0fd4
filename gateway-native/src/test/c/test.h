// SPDX-License-Identifier: Apache-2.0
//
// cmocka with the headers it needs before it.
#ifndef DYETRACE_TEST_H
#define DYETRACE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
