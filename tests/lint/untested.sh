#!/bin/bash
# untested.sh - every module has its unit test, or a row in untested.txt that
# names the test which does it instead and says why; and every test file is
# run.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lint/lint.sh"
cd "$src" || exit 1

rows=$(grep -v '^#' tests/lint/untested.txt | grep .)
# shellcheck disable=SC2086 # a list of words
for file in $(ours $folders | grep '\.c$'); do
	folder=${file%%/*}
	module=$(basename "$file" .c)
	row=$(printf '%s\n' "$rows" | awk -v f="$file" '$1 == f')
	if [ -f "tests/$folder/t_$module.c" ]; then
		[ -z "$row" ] || echo "untested.txt: $file has its test now"
	elif [ -z "$row" ]; then
		echo "$file: no tests/$folder/t_$module.c"
	fi
done | clean "every module has a unit test or a row in untested.txt"

printf '%s\n' "$rows" | while read -r file other why; do
	[ -n "$file" ] || continue
	[ -f "$file" ] || echo "untested.txt: no $file"
	[ -f "$other" ] || echo "untested.txt: no $other"
	[ -n "$why" ] || echo "untested.txt: no reason for $file"
done | clean "the rows of untested.txt are true"

{
	find tests -name 't_*.c' | sed 's/\.c$/.t/'
	find tests/system tests/crash -name '*.py' -o -name '*.sh' -path \
	    'tests/*/[0-9]*'
	find tests/lint -name '*.sh' ! -name lint.sh
} 2>/dev/null | while read -r test; do
	grep -qF "$test" ./*/local.mk ./tests/*/local.mk 2>/dev/null ||
	    echo "$test: in no local.mk"
done | clean "every test is run by make check"
plan
