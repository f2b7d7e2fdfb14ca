/* Fault: a note, but no entry function. */
#include "broken.h"

GW_PLUGIN_NOTE("c");

int gateway_plugin_v2(void) { return 0; }
