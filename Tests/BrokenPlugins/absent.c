/* Not a plugin: the library that needs_missing_library.c is linked with, and then misses. */
int gw_absent(void);
int gw_absent(void) { return 1; }
