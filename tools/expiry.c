/*
 * expiry - how long a certificate holds.
 */
#include "config.h"

#include "tools/expiry.h"

long
expiry_days(const X509 *cert)
{
	int days = 0, seconds = 0;

	if (ASN1_TIME_diff(&days, &seconds, NULL,
	    X509_get0_notAfter(cert)) != 1)
		return -1;
	return days > 0 || seconds > 0 ? days : days < 0 ? days : -1;
}
