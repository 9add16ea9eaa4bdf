/* SPDX-License-Identifier: Apache-2.0 */
#include "rulebook/scalar.h"

#include <errno.h>
#include <string.h>

static const struct unit {
	const char *name;
	uint64_t factor;
} durations[] = {
	{ "s", 1 },
	{ "m", 60 },
	{ "h", 60 * 60 },
	{ "d", 24 * 60 * 60 },
}, sizes[] = {
	{ "B", 1 },
	{ "KiB", 1024 },
	{ "MiB", 1024 * 1024 },
	{ "GiB", 1024 * 1024 * 1024 },
};

static bool
is_plain(const struct yaml_node *n)
{
	return n->kind == YAML_SCALAR && n->style == YAML_PLAIN;
}

bool
scalar_bool(const struct yaml_node *n, bool *ret)
{
	if (!is_plain(n))
		return false;
	if (strcmp(n->text, "true") != 0 && strcmp(n->text, "false") != 0)
		return false;
	*ret = n->text[0] == 't';
	return true;
}

/* The digits of an integer without its sign and its mark of octal. */
static const char *
int_digits(const struct yaml_node *n, int *ret_base)
{
	const char *p = n->text;

	*ret_base = 10;
	if (*p == '-')
		return p + 1;
	if (p[0] != '0' || p[1] == '\0')
		return p;
	*ret_base = 8;
	return p[1] == 'o' ? p + 2 : p + 1;
}

bool
scalar_is_int(const struct yaml_node *n)
{
	const char *digits;
	int base;

	if (!is_plain(n))
		return false;
	digits = int_digits(n, &base);
	return digits[0] != '\0' &&
	       digits[strspn(digits, base == 8 ? "01234567" : "0123456789")] == '\0';
}

bool
scalar_int(const struct yaml_node *n, int64_t *ret)
{
	const char *digits;
	long long i;
	int base;

	if (!scalar_is_int(n))
		return false;
	digits = int_digits(n, &base);
	errno = 0;
	i = strtoll(base == 8 ? digits : n->text, NULL, base);
	if (errno != 0)
		return false;
	*ret = i;
	return true;
}

static bool
with_unit(const struct yaml_node *n, const struct unit *units, size_t n_units, uint64_t *ret)
{
	unsigned long long count;
	char *end;

	if (n->kind != YAML_SCALAR || strspn(n->text, "0123456789") == 0)
		return false;
	errno = 0;
	count = strtoull(n->text, &end, 10);
	if (errno != 0)
		return false;
	for (size_t i = 0; i < n_units; i++)
		if (strcmp(end, units[i].name) == 0)
			return !__builtin_mul_overflow(count, units[i].factor, ret);
	return false;
}

bool
scalar_duration(const struct yaml_node *n, uint64_t *ret_s)
{
	return with_unit(n, durations, ARRAY_SIZE(durations), ret_s);
}

bool
scalar_size(const struct yaml_node *n, uint64_t *ret_bytes)
{
	return with_unit(n, sizes, ARRAY_SIZE(sizes), ret_bytes);
}
