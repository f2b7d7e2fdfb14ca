/* Fault: the note's text lacks its language, has two SDKs, and a pair without value. */
#include "broken.h"

BROKEN_NOTE("abi=1;sdk=none;sdk=0.1.0;cc;lang");

static const gw_handler hello = HANDLER(GW_INLINE, "hello", answer_hello);
static const gw_handler *const handlers[] = {&hello};
PLUGIN(handlers)
