#!/bin/sh
# splice.sh PAGE GENERATOR - prints the manual page with what stands between
#	.\" SETTINGS BEGIN scope
#	.\" SETTINGS END
# replaced by the generator's rows for that scope.
set -eu
awk -v generator="$2" '
$0 == ".\\\" SETTINGS END" { inside = 0 }
!inside { print }
/^\.\\" SETTINGS BEGIN / {
	inside = 1
	command = generator " " $4
	while ((command | getline line) > 0)
		print line
	if (close(command) != 0)
		exit 1
}' "$1"
