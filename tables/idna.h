/*
 * idna - internationalised domain names (RFC 5891) as the name service and
 * tables have them: by libidn2, which only lookup links.
 */
#ifndef TABLES_IDNA_H
#define TABLES_IDNA_H

#include "lib/mm.h"

#define IDNA_NAME 256		/* a domain with its NUL */

/*
 * name, in UTF-8, with A-labels for its U-labels and in lower case, mapped as
 * UTS 46 says (nontransitional).  -1 if it is no domain.
 */
MM_MUST_USE int idna_ascii(const char *name, char dst[IDNA_NAME]);

#endif
