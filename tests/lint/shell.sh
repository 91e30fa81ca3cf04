#!/bin/bash
# shell.sh - shellcheck on every script of ours.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lint/lint.sh"
cd "$src" || exit 1
if ! command -v shellcheck >/dev/null; then
	skip "no shellcheck"
	plan
fi
{
	for file in autogen.sh check run .ci/run; do
		[ -f "$file" ] && echo "$file"
	done
	# shellcheck disable=SC2086 # a list of words
	find $folders tests bench etc build-aux/prepare.sh -name '*.sh'
} 2>/dev/null | sort -u | while read -r file; do
	shellcheck -x -P SCRIPTDIR -P "$src" -e SC1090,SC1091 "$file"
	head -1 "$file" | grep -Eq '^#!/bin/(ba)?sh|^# ' ||
	    echo "$file: no first line that names the shell"
done 2>&1 | clean "shellcheck has nothing to say"
plan
