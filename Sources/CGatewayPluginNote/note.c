#include "gateway_plugin.h"
#include "note.h"

GW_NOTE("swift", GW_SDK_VERSION);
