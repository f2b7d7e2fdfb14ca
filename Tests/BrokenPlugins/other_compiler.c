/* Fault: says that it is Swift, from another compiler. */
#include "broken.h"

BROKEN_NOTE("abi=1.0;lang=swift;sdk=0.1.0;cc=Clang 1.0.0 (another toolchain)");

static const gw_handler hello = HANDLER(GW_INLINE, "hello", answer_hello);
static const gw_handler *const handlers[] = {&hello};
PLUGIN(handlers)
