/* SPDX-License-Identifier: Apache-2.0 */
#include "util/mount_line.h"

/* "36 35 98:0 /root /point options [...] - type source options" */
bool
mount_line_read(struct span line, struct mount_line *ret)
{
	struct span field;

	*ret = (struct mount_line){ 0 };
	if (!span_field(&line, ' ', &ret->id) || !span_field(&line, ' ', &ret->parent) ||
	    !span_field(&line, ' ', &ret->device) || !span_field(&line, ' ', &ret->root) ||
	    !span_field(&line, ' ', &ret->point))
		return false;
	while (span_field(&line, ' ', &field) && !span_is(field, "-"))
		;
	(void)span_field(&line, ' ', &ret->type);
	return true;
}
