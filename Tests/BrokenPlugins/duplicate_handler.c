/* Fault: two handlers of one name. */
#include "broken.h"

GW_PLUGIN_NOTE("c");

static const gw_handler first = HANDLER(GW_INLINE, "hello", answer_hello);
static const gw_handler other = HANDLER(GW_INLINE, "other", answer_hello);
static const gw_handler second = HANDLER(GW_INLINE, "hello", answer_hello);
static const gw_handler *const handlers[] = {&first, &other, &second};
PLUGIN(handlers)
