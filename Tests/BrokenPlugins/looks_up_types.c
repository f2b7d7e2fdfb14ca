/* Fault, for a hot swap: imports what looks up types by name. Never opened. The last two are what compiled Swift code
 * imports anyway. */
#include "broken.h"

GW_PLUGIN_NOTE("c");

extern void type_by_name(void) __asm__("$ss11_typeByNameyypXpSgSSF");
extern void class_from_string(void) __asm__("$s10Foundation17NSClassFromStringyyXlXpSgSSF");
extern void by_mangled_name(void) __asm__("swift_getTypeByMangledName");
extern void in_context(void) __asm__("swift_getTypeByMangledNameInContext2");
extern void archiving(void) __asm__("$s10Foundation8NSObjectC23classForKeyedUnarchiveryXlXpyFZ");

static void *look(void *context, const gw_invocation *invocation) {
  (void)context;
  type_by_name();
  class_from_string();
  by_mangled_name();
  in_context();
  archiving();
  respond(invocation->call, 200, "found");
  return NULL;
}

static const gw_handler handler = HANDLER(GW_INLINE, "look", look);
static const gw_handler *const handlers[] = {&handler};
PLUGIN(handlers)
