#include "gateway_plugin_host.h"

const char *gw_host_compiler(void) { return __VERSION__; }
