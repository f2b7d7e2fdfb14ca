/* Faults: another compiler, a later contract and no entry symbol; all three are to be told at once. */
#include "broken.h"

BROKEN_NOTE("abi=1.999;lang=swift;sdk=9.9.9;cc=Clang 1.0.0 (another toolchain)");
