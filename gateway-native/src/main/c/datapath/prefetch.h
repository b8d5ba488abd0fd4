// SPDX-License-Identifier: Apache-2.0
//
// Fetches into the cache what will be read. The bench is built a second time without, to show what
// it is worth.
#ifndef DYETRACE_PREFETCH_H
#define DYETRACE_PREFETCH_H

#ifdef DYETRACE_NO_PREFETCH
#define prefetch(address) ((void)(address))
#else
#define prefetch(address) __builtin_prefetch(address)
#endif

#endif
