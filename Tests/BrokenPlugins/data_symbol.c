/* Fault: the entry symbol is a variable. */
#include "broken.h"

GW_PLUGIN_NOTE("c");

const gw_plugin gateway_plugin_v1 = {
    .struct_size = sizeof(gw_plugin), .abi_major = GW_ABI_MAJOR, .name = "broken", .version = "1.0.0"};
