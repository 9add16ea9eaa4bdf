/* SPDX-License-Identifier: Apache-2.0
 *
 * plimsoll: the command. */
#include "control/commands.h"

#include <locale.h>
#include <signal.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	/* Names are UTF-8 whatever the locale of the caller; nothing is read from the environment.
	 */
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	return commands_run(argc, argv);
}
