// SPDX-License-Identifier: Apache-2.0
//
// One line a message to standard error, with the time. Never from a worker.
#ifndef DYETRACE_LOG_H
#define DYETRACE_LOG_H

void log_line(const char *level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_info(...) log_line("INFO", __VA_ARGS__)
#define log_warn(...) log_line("WARN", __VA_ARGS__)
#define log_error(...) log_line("ERROR", __VA_ARGS__)

#endif
