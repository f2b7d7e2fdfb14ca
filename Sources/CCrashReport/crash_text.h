/* JSON into a buffer of fixed size, by functions that a signal handler may call. */
#ifndef CRASH_TEXT_H
#define CRASH_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "crash_report.h"

typedef struct cr_text {
  size_t count;
  int is_full; /* something did not fit */
  char bytes[CR_LONGEST];
} cr_text;

/* As it is. All of it or nothing. */
void cr_raw(cr_text *text, const char *value);
/* With quotes; bytes that a JSON string cannot hold as they are, and those above 0x7F unless `is_utf8`, are replaced. */
void cr_string(cr_text *text, const char *value, size_t count, int is_utf8);
void cr_number(cr_text *text, int64_t value);
/* "0x..." with quotes. */
void cr_hex(cr_text *text, uint64_t value);
/* RFC 3339 in UTC, with quotes. */
void cr_time(cr_text *text, int64_t seconds, long nanoseconds);
/* Digits into `target`, which has room for 20 and a NUL; returns how many. */
size_t cr_digits(char *target, uint64_t value);

#endif
