/* Linked into every plugin that uses the Swift SDK: carries the note that the host reads before it opens the file. */
#ifndef GATEWAY_PLUGIN_NOTE_H
#define GATEWAY_PLUGIN_NOTE_H

#define GW_SDK_VERSION "0.1.0"

#endif
