/* Which image an address lies in, told without a lock. */
#ifndef CRASH_IMAGES_H
#define CRASH_IMAGES_H

#include <stddef.h>
#include <stdint.h>

typedef struct cr_place {
  char image[96];  /* the last part of its file's name; empty: of no file */
  uint64_t offset; /* from where the file begins in memory */
} cr_place;

/* Finds all of them in one pass over /proc/self/maps, by system calls alone. */
void cr_find_places(const uint64_t *addresses, size_t count, cr_place *places);

typedef struct cr_plugin {
  uint64_t start, end;
  const char *name;
  uint32_t generation;
} cr_plugin;

/* The plugin whose image holds the address; NULL: of no plugin. */
const cr_plugin *cr_find_plugin(uint64_t address);

#endif
