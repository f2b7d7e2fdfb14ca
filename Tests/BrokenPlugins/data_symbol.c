/* Fault: the entry symbol is a variable. */
/* The header declares the entry; this file breaks it, so that declaration is put aside. */
#define gateway_plugin_v1 declared_entry
#include "broken.h"
#undef gateway_plugin_v1

GW_PLUGIN_NOTE("c");

const gw_plugin gateway_plugin_v1 = {
    .struct_size = sizeof(gw_plugin), .abi_major = GW_ABI_MAJOR, .name = "broken", .version = "1.0.0"};
