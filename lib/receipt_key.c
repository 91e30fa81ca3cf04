/*
 * receipt_key - the key of receipts: apart, for smtpd, which makes it, has no
 * use for the rest.
 */
#include "config.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "lib/fdio.h"
#include "lib/receipt.h"

int
receipt_key_make(void)
{
	int fd = memfd_create("inlet-receipts",
	    MFD_CLOEXEC | MFD_ALLOW_SEALING);
	uint8_t key[RECEIPT_KEY];

	if (getrandom(key, sizeof(key), 0) != sizeof(key) ||
	    fd_pwrite(fd, key, sizeof(key), 0) != 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW |
	    F_SEAL_SHRINK | F_SEAL_SEAL) != 0) {
		close(fd);
		fd = -1;
	}
	explicit_bzero(key, sizeof(key));
	return fd;
}
