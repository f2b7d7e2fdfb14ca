/* Fault: the entry function is there, but the linker was told not to export it. */
#include "broken.h"

GW_PLUGIN_NOTE("c");

static const gw_plugin plugin = {
    .struct_size = sizeof(gw_plugin), .abi_major = GW_ABI_MAJOR, .name = "broken", .version = "1.0.0"};

__attribute__((visibility("hidden"))) const gw_plugin *gateway_plugin_v1(const gw_host *table) {
  host = table;
  return &plugin;
}
