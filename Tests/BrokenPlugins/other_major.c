/* Fault: written for a contract that is not compatible. */
#include "broken.h"

BROKEN_NOTE("abi=2.0;lang=c;sdk=none;cc=any");

static const gw_handler hello = HANDLER(GW_INLINE, "hello", answer_hello);
static const gw_handler *const handlers[] = {&hello};
PLUGIN(handlers)
