/* For the host only: what it compares a Swift plugin's note with. */
#ifndef GATEWAY_PLUGIN_HOST_H
#define GATEWAY_PLUGIN_HOST_H

/* The exact compiler that built this image, as `cc` in a note says it. */
const char *_Nonnull gw_host_compiler(void);

#endif
