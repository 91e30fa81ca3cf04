#!/bin/sh
# splice.sh PAGE GENERATOR - prints the manual page with what stands between
#	.\" SETTINGS BEGIN scope	.\" TABLE BEGIN part
#	.\" SETTINGS END		.\" TABLE END
# replaced by the generator's rows for that scope or part.
set -eu
awk -v generator="$2" '
/^\.\\" (SETTINGS|TABLE) END$/ { inside = 0 }
!inside { print }
/^\.\\" (SETTINGS|TABLE) BEGIN / {
	inside = 1
	command = generator " " $4
	while ((command | getline line) > 0)
		print line
	if (close(command) != 0)
		exit 1
}' "$1"
