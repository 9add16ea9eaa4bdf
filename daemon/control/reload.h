/* SPDX-License-Identifier: Apache-2.0
 *
 * Reload as a transaction: rules, settings and exceptions are read anew and checked whole, and only
 * then put in force; or the old ones stay, and a notice says why. */
#ifndef CONTROL_RELOAD_H
#define CONTROL_RELOAD_H

struct json_object;
struct judge;
struct rulebook;

enum {
	_RELOAD_E_SUCCESS,
	RELOAD_E_INVALID, /* the files are refused: *reterr is a complaint a line */
};

struct reload_sources {
	const char *config, *rules_dir; /* as for setup_new() */
	const char *engine;             /* wins over the settings; NULL: they say */
};

/* *rb is what is in force, and is another one after success. *ret is what there is to say of it:
 * {"done", "rules", "exceptions", "rulebook", "restart": settings that differ and that a running
 * daemon can't change}. 0, RELOAD_E_INVALID, or -errno; with *reterr set (caller frees), unless out
 * of memory. */
int reload_run(struct json_object **ret, struct judge *judge, struct rulebook **rb,
    const struct reload_sources *sources, char **reterr);

#endif
