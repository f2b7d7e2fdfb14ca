/* What is no part of the contract: for the host and for the Swift SDK. */
#ifndef GATEWAY_PLUGIN_HOST_H
#define GATEWAY_PLUGIN_HOST_H

#include "gateway_plugin.h"

static inline uint32_t gw_load_loop_count(const gw_host *_Nonnull host) {
  return __atomic_load_n(&host->loop_count, __ATOMIC_RELAXED);
}
static inline void gw_store_loop_count(gw_host *_Nonnull host, uint32_t count) {
  __atomic_store_n(&host->loop_count, count, __ATOMIC_RELAXED);
}

/* For the host: what it compares a Swift plugin's note with. The exact compiler that built this image, as `cc` in a note says it. */
const char *_Nonnull gw_host_compiler(void);

#endif
