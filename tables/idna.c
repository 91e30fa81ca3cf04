/*
 * idna - see idna.h.
 */
#include "config.h"

#include <idn2.h>
#include <string.h>

#include "lib/path.h"
#include "lib/text.h"
#include "tables/idna.h"

int
idna_ascii(const char *name, char dst[IDNA_NAME])
{
	uint8_t *ascii = NULL;
	int rc = -1;

	if (idn2_lookup_u8((const uint8_t *)name, &ascii, IDN2_NFC_INPUT |
	    IDN2_NONTRANSITIONAL) == IDN2_OK &&
	    path_is_domain((const char *)ascii, strlen((char *)ascii)) &&
	    text_copy(dst, IDNA_NAME, (const char *)ascii) == 0) {
		text_lower(dst);
		rc = 0;
	}
	idn2_free(ascii);
	return rc;
}
