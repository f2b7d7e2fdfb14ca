/* Names of functions that an image does not export, from the symbol table that its file has unless it was stripped. */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loop_watch.h"

/* A part of the file, or NULL where it does not have it. The file may be anything by now: nothing in it is believed. */
static const void *part(const uint8_t *file, uint64_t size, uint64_t offset, uint64_t count) {
  if (offset > size || count > size - offset || offset % 8 != 0) return NULL;
  return file + offset;
}

static char *find(const uint8_t *file, uint64_t size, uint64_t address) {
  const Elf64_Ehdr *head = part(file, size, 0, sizeof(*head));
  if (head == NULL || memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 || head->e_ident[EI_CLASS] != ELFCLASS64 ||
      head->e_shentsize != sizeof(Elf64_Shdr)) {
    return NULL;
  }
  const Elf64_Shdr *sections = part(file, size, head->e_shoff, (uint64_t)head->e_shnum * sizeof(Elf64_Shdr));
  if (sections == NULL) return NULL;
  for (unsigned index = 0; index < head->e_shnum; index++) {
    const Elf64_Shdr *table = &sections[index];
    if (table->sh_type != SHT_SYMTAB || table->sh_link >= head->e_shnum) continue;
    const Elf64_Sym *symbols = part(file, size, table->sh_offset, table->sh_size);
    const Elf64_Shdr *names = &sections[table->sh_link];
    if (symbols == NULL || names->sh_offset > size || names->sh_size > size - names->sh_offset) continue;
    for (uint64_t each = 0; each < table->sh_size / sizeof(Elf64_Sym); each++) {
      const Elf64_Sym *symbol = &symbols[each];
      if (ELF64_ST_TYPE(symbol->st_info) != STT_FUNC || address < symbol->st_value ||
          address - symbol->st_value >= symbol->st_size || symbol->st_name >= names->sh_size) {
        continue;
      }
      const char *name = (const char *)file + names->sh_offset + symbol->st_name;
      return strndup(name, names->sh_size - symbol->st_name);
    }
  }
  return NULL;
}

char *lw_symbol_in_file(const char *file, uint64_t address) {
  int descriptor = open(file, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return NULL;
  char *name = NULL;
  struct stat status;
  if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
    uint64_t size = (uint64_t)status.st_size;
    void *memory = mmap(NULL, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (memory != MAP_FAILED) {
      name = find(memory, size, address);
      munmap(memory, size);
    }
  }
  close(descriptor);
  return name;
}
