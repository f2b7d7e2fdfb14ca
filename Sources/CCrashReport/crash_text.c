#include "crash_text.h"

#include <string.h>

static void put(cr_text *text, const char *bytes, size_t count) {
  if (count > sizeof(text->bytes) - text->count) {
    text->is_full = 1;
    return;
  }
  for (size_t index = 0; index < count; index++) text->bytes[text->count + index] = bytes[index];
  text->count += count;
}

void cr_raw(cr_text *text, const char *value) { put(text, value, strlen(value)); }

void cr_string(cr_text *text, const char *value, size_t count, int is_utf8) {
  /* The closing quote must fit, or the line is no JSON. */
  if (count + 2 > sizeof(text->bytes) - text->count) {
    text->is_full = 1;
    count = 0;
  }
  put(text, "\"", 1);
  for (size_t index = 0; index < count; index++) {
    unsigned char byte = (unsigned char)value[index];
    int is_plain = byte >= 0x20 && byte != '"' && byte != '\\' && byte != 0x7F && (byte < 0x80 || is_utf8);
    put(text, is_plain ? (const char *)&value[index] : "?", 1);
  }
  put(text, "\"", 1);
}

size_t cr_digits(char *target, uint64_t value) {
  char reversed[20];
  size_t count = 0;
  do {
    reversed[count++] = (char)('0' + value % 10);
    value /= 10;
  } while (value > 0);
  for (size_t index = 0; index < count; index++) target[index] = reversed[count - 1 - index];
  target[count] = 0;
  return count;
}

void cr_number(cr_text *text, int64_t value) {
  char digits[21];
  if (value < 0) put(text, "-", 1);
  size_t count = cr_digits(digits, value < 0 ? -(uint64_t)value : (uint64_t)value);
  put(text, digits, count);
}

void cr_hex(cr_text *text, uint64_t value) {
  static const char digits[] = "0123456789abcdef";
  char written[20] = "\"0x";
  size_t count = 3;
  int shift = 60;
  while (shift > 0 && (value >> shift & 15) == 0) shift -= 4;
  for (; shift >= 0; shift -= 4) written[count++] = digits[value >> shift & 15];
  written[count++] = '"';
  put(text, written, count);
}

static void two(char *target, int value) {
  target[0] = (char)('0' + value / 10 % 10);
  target[1] = (char)('0' + value % 10);
}

void cr_time(cr_text *text, int64_t seconds, long nanoseconds) {
  /* Days to a civil date, with years that begin in March, so that the leap day is the last of one. */
  int64_t days = seconds / 86400, rest = seconds % 86400;
  if (rest < 0) {
    rest += 86400;
    days -= 1;
  }
  days += 719468;
  int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  int64_t of_era = days - era * 146097;
  int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64_t month = (5 * of_year + 2) / 153;
  int day = (int)(of_year - (153 * month + 2) / 5 + 1);
  month = month < 10 ? month + 3 : month - 9;
  int64_t year = year_of_era + era * 400 + (month <= 2);
  char written[] = "\"0000-00-00T00:00:00.000Z\"";
  two(written + 1, (int)(year / 100));
  two(written + 3, (int)(year % 100));
  two(written + 6, (int)month);
  two(written + 9, day);
  two(written + 12, (int)(rest / 3600));
  two(written + 15, (int)(rest / 60 % 60));
  two(written + 18, (int)(rest % 60));
  int milliseconds = (int)(nanoseconds / 1000000);
  written[21] = (char)('0' + milliseconds / 100 % 10);
  two(written + 22, milliseconds % 100);
  put(text, written, sizeof(written) - 1);
}
