/* Fault: nothing says that this is a plugin. */
#include "broken.h"

static const gw_handler hello = HANDLER(GW_INLINE, "hello", answer_hello);
static const gw_handler *const handlers[] = {&hello};
PLUGIN(handlers)
