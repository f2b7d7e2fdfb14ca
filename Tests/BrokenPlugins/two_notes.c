/* Fault: two notes that contradict each other. */
#include "broken.h"

GW_PLUGIN_NOTE("c");
BROKEN_NOTE("abi=1.0;lang=swift;sdk=0.1.0;cc=other");

static const gw_handler hello = HANDLER(GW_INLINE, "hello", answer_hello);
static const gw_handler *const handlers[] = {&hello};
PLUGIN(handlers)
