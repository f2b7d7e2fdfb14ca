#ifndef CSHA256_H
#define CSHA256_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* SHA-256, FIPS 180-4. In C because plugins of tens of megabytes are hashed by debug builds too, where the same code in
 * Swift takes seconds; with the processor's own instructions where it has them. */
typedef struct gw_sha256 {
  uint32_t state[8];
  uint64_t length;   /* bytes so far */
  uint8_t block[64]; /* the last, unfinished one */
} gw_sha256;

void gw_sha256_start(gw_sha256 *hash);
void gw_sha256_add(gw_sha256 *hash, const void *bytes, size_t count);
/* The hash is used up. */
void gw_sha256_finish(gw_sha256 *hash, uint8_t digest[32]);

/* The portable way only, for a test that compares both; 1 or 0: whether the processor has the other. */
void gw_sha256_add_portably(gw_sha256 *hash, const void *bytes, size_t count);
int gw_sha256_is_accelerated(void);

#ifdef __cplusplus
}
#endif

#endif
