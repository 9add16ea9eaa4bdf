/* SPDX-License-Identifier: Apache-2.0 */
#include "util/macros.h"

#include <errno.h>
#include <unistd.h>

void
closep(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
	errno = saved;
}
