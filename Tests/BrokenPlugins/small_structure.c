/* Fault: struct_size was left at 0. */
#include "broken.h"

GW_PLUGIN_NOTE("c");

static const gw_plugin plugin = {.abi_major = GW_ABI_MAJOR, .name = "broken", .version = "1.0.0"};

const gw_plugin *gateway_plugin_v1(const gw_host *table) {
  host = table;
  return &plugin;
}
