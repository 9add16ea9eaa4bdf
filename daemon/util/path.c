/* SPDX-License-Identifier: Apache-2.0 */
#include "util/path.h"

#include <string.h>

const char *
path_behind(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	while (len > 0 && folder[len - 1] == '/')
		len--;
	if (strncmp(path, folder, len) != 0 || (path[len] != '/' && path[len] != '\0'))
		return NULL;
	return path + len;
}
