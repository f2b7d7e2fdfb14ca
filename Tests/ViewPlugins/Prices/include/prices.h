/* A service as its two sides know it: version 1.1 of `catalog.prices`. */
#ifndef PRICES_H
#define PRICES_H

#include <stdint.h>

typedef struct prices_v1 {
  int64_t (*price_of)(void *context, int64_t book); /* cents, or -1 */
  /* since 1.1 */
  int64_t (*count)(void *context);
} prices_v1;

#endif
