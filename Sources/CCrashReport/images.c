#define _GNU_SOURCE
#include "images.h"

#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "crash_report.h"

/* More images than anybody opens; those beyond are told of by their file's name only. */
#define MOST 4096

static cr_plugin plugins[MOST];
static uint32_t plugin_count; /* raised with release order, after the entry was written */
static pthread_mutex_t adding = PTHREAD_MUTEX_INITIALIZER;

static int find_range(struct dl_phdr_info *info, size_t size, void *context) {
  (void)size;
  cr_plugin *wanted = context;
  uint64_t start = UINT64_MAX, end = 0;
  for (int index = 0; index < info->dlpi_phnum; index++) {
    const ElfW(Phdr) *part = &info->dlpi_phdr[index];
    if (part->p_type != PT_LOAD) continue;
    uint64_t first = info->dlpi_addr + part->p_vaddr;
    if (first < start) start = first;
    if (first + part->p_memsz > end) end = first + part->p_memsz;
  }
  if (wanted->start < start || wanted->start >= end) return 0;
  wanted->start = start;
  wanted->end = end;
  return 1;
}

void cr_know_image(const void *address, const char *name, uint32_t generation) {
  cr_plugin found = {(uintptr_t)address, 0, name, generation};
  if (dl_iterate_phdr(find_range, &found) == 0) return;
  pthread_mutex_lock(&adding);
  uint32_t count = plugin_count;
  uint32_t place = 0;
  /* The same image under the same name again, as when a configuration is read again. */
  while (place < count && (plugins[place].start != found.start || plugins[place].name != name)) place++;
  if (place < count) {
    __atomic_store_n(&plugins[place].generation, generation, __ATOMIC_RELAXED);
  } else if (count < MOST) {
    plugins[count] = found;
    __atomic_store_n(&plugin_count, count + 1, __ATOMIC_RELEASE);
  }
  pthread_mutex_unlock(&adding);
}

const cr_plugin *cr_find_plugin(uint64_t address) {
  uint32_t count = __atomic_load_n(&plugin_count, __ATOMIC_ACQUIRE);
  while (count > 0) {
    count--;
    if (address >= plugins[count].start && address < plugins[count].end) return &plugins[count];
  }
  return NULL;
}

/* One line of /proc/self/maps: "start-end perms offset dev inode  path". */
typedef struct line_reader {
  int stage; /* 0 start, 1 end, 2 permissions, 3 offset, 4 device, 5 inode, 6 blanks, 7 path */
  uint64_t start, end, offset, inode;
  uint64_t file_start, file_inode; /* where the file of this line and those before it begins */
  char name[96];                   /* of the path's last part so far */
  size_t name_count;
} line_reader;

static int hex(char character) {
  if (character >= '0' && character <= '9') return character - '0';
  if (character >= 'a' && character <= 'f') return character - 'a' + 10;
  return -1;
}

static void end_of_line(line_reader *line, const uint64_t *addresses, size_t count, cr_place *places) {
  line->name[line->name_count] = 0;
  if (line->inode == 0 || line->inode != line->file_inode || line->offset == 0) {
    line->file_inode = line->inode;
    line->file_start = line->start - (line->inode ? line->offset : 0);
  }
  for (size_t index = 0; index < count; index++) {
    if (addresses[index] < line->start || addresses[index] >= line->end) continue;
    memcpy(places[index].image, line->name, sizeof(line->name));
    places[index].offset = addresses[index] - line->file_start;
  }
  line->stage = 0;
  line->start = line->end = line->offset = line->inode = 0;
  line->name_count = 0;
}

static void read_character(line_reader *line, char character) {
  int digit = hex(character);
  switch (line->stage) {
    case 0:
      if (digit >= 0) line->start = line->start << 4 | (uint64_t)digit; else line->stage = 1;
      break;
    case 1:
      if (digit >= 0) line->end = line->end << 4 | (uint64_t)digit; else line->stage = 2;
      break;
    case 2:
      if (character == ' ') line->stage = 3;
      break;
    case 3:
      if (digit >= 0) line->offset = line->offset << 4 | (uint64_t)digit; else line->stage = 4;
      break;
    case 4:
      if (character == ' ') line->stage = 5;
      break;
    case 5:
      if (character >= '0' && character <= '9') line->inode = line->inode * 10 + (uint64_t)(character - '0');
      else line->stage = 6;
      break;
    case 6:
      if (character == ' ') break;
      line->stage = 7;
      /* fallthrough */
    default:
      if (character == '/') line->name_count = 0;
      else if (line->name_count < sizeof(line->name) - 1) line->name[line->name_count++] = character;
  }
}

void cr_find_places(const uint64_t *addresses, size_t count, cr_place *places) {
  for (size_t index = 0; index < count; index++) {
    places[index].image[0] = 0;
    places[index].offset = addresses[index];
  }
  int file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  line_reader line;
  memset(&line, 0, sizeof(line));
  char part[2048];
  ssize_t length;
  while ((length = read(file, part, sizeof(part))) > 0) {
    for (ssize_t index = 0; index < length; index++) {
      if (part[index] == '\n') end_of_line(&line, addresses, count, places); else read_character(&line, part[index]);
    }
  }
  close(file);
}
