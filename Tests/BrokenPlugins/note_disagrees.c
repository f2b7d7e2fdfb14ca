/* Fault: the note says another contract than the descriptor. */
#include "broken.h"

GW_PLUGIN_NOTE("c");

static const gw_plugin plugin = {
    .struct_size = sizeof(gw_plugin), .abi_major = 7, .abi_minor = 3, .name = "broken", .version = "1.0.0"};

const gw_plugin *gateway_plugin_v1(const gw_host *table) {
  host = table;
  return &plugin;
}
