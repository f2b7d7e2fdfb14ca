/// The docs page's sources as constant bytes of the binary.
#ifndef GATEWAY_DOCS_PAGE_H
#define GATEWAY_DOCS_PAGE_H

#include <stddef.h>

/// Part of the page: `size` bytes of UTF-8 that live as long as the process.
typedef struct gateway_docs_page_part {
  const unsigned char *bytes;
  size_t size;
} gateway_docs_page_part;

/// HTML with the markers {{title}}, {{document}}, {{style}} and {{script}}.
gateway_docs_page_part gateway_docs_page_html(void);
gateway_docs_page_part gateway_docs_page_style(void);
/// The script's files, one after the other in the order in which they need each other.
gateway_docs_page_part gateway_docs_page_script(void);

#endif
