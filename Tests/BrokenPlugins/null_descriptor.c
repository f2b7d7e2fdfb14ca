/* Fault: the entry function returns NULL. */
#include "broken.h"

GW_PLUGIN_NOTE("c");

const gw_plugin *gateway_plugin_v1(const gw_host *table) {
  host = table;
  return NULL;
}
