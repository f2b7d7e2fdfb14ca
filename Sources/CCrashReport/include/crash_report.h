/* Says whose code a process died in.
 *
 * A handler for the signals that end a process by a fault writes one line of JSON to standard error and into a file that was
 * opened and filled with zeros beforehand; then it hands over to whoever handled the signal before (Swift's backtracer), and
 * where nobody did, lets the signal do what it does by default: exit status and core dump are what they would have been.
 *
 * Everything that the handler uses is there before: it takes no lock and allocates nothing. What it reads may be damaged, so
 * a fault inside it leads out of the part that faulted and the report goes on with what it has.
 */
#ifndef CRASH_REPORT_H
#define CRASH_REPORT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wnullability-extension"
#pragma clang assume_nonnull begin

/* Installs the handler before what is there for SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP and SIGSYS, once for the
 * process. 0, or errno. */
int cr_install(void);

/* Gives the calling thread a stack to handle signals on, if it has none that is large enough: without it a stack overflow
 * ends the process in silence. Freed with the thread. Nothing happens before `cr_install`. */
void cr_adopt_thread(void);

/* Which file a report goes to: `pending` in that directory, which gets its final name,
 * `crash-<seconds since 1970>-<process>.new.json`, when there is one. The descriptors stay open; the handler writes at most
 * CR_LONGEST bytes. `about` is immortal text, valid JSON members to begin the report with, such as "\"version\":\"1\"". */
void cr_set_file(int directory, int file, const char *pending, const char *about);

/* Forgets the file: what happens from here on is told to standard error only. */
void cr_forget_file(void);

#define CR_LONGEST 32768

/* Adds the image that holds `address` to those whose plugin is known. `name` is immortal text. The newest counts where one
 * image is told of twice. */
void cr_know_image(const void *address, const char *name, uint32_t generation);

/* Ends the calling process with this signal when its parent ends; 0, or errno, and ESRCH where the parent is gone already. */
int cr_end_with_parent(pid_t parent, int signal);

#pragma clang assume_nonnull end
#pragma clang diagnostic pop

#endif
