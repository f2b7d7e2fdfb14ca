/* Fault, for whoever else is in the process: exports what it has for itself. */
#include "broken.h"

GW_PLUGIN_NOTE("c");

#define EXPORTED(name) \
  int name(void);      \
  int name(void) { return 0; }
EXPORTED(a) EXPORTED(b) EXPORTED(c) EXPORTED(d) EXPORTED(e) EXPORTED(f) EXPORTED(g) EXPORTED(h)
EXPORTED(i) EXPORTED(j) EXPORTED(k) EXPORTED(l) EXPORTED(m) EXPORTED(n) EXPORTED(o) EXPORTED(p)

static const gw_handler handler = HANDLER(GW_INLINE, "hello", answer_hello);
static const gw_handler *const handlers[] = {&handler};
PLUGIN(handlers)
