/* Fault: written for a later contract, whose additions this host lacks. */
#include "broken.h"

BROKEN_NOTE("abi=1.999;lang=c;sdk=none;cc=any");

static const gw_handler hello = HANDLER(GW_INLINE, "hello", answer_hello);
static const gw_handler *const handlers[] = {&hello};
PLUGIN(handlers)
