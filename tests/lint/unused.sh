#!/bin/bash
# unused.sh - every function and object that a file of ours shows to others is
# used by our programs: code that only its test calls is dead, and a safe
# helper that nobody calls protects nothing.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lint/lint.sh"
cd "$build" || exit 1

for name in smtpd smtpsrvr submit deliver inlet; do
	if [ ! -e "tests/bin/$name" ]; then
		skip "$name is not in this build: its callers are missing"
		plan
	fi
done
# shellcheck disable=SC2086 # a list of words
# What makes the manual is a user, too; and setenv of tables/wrap.c is libwrap's.
find $folders tests/lint -name '*.o' -exec nm -P -A {} + 2>/dev/null | awk '
{
	where = $1; sub(/:$/, "", where)
	name = $2
	if (name ~ /^(__asan|__ubsan|__sanitizer|__odr|asan\.|_)/ ||
	    name == "main" || name == "setenv" || name ~ /^LLVMFuzzer/)
		next
	if ($3 == "U") wanted[name] = 1
	else if ($3 ~ /^[TDBRCGSVW]$/) home[name] = where
}
END {
	for (name in home) if (!(name in wanted))
		print home[name], name
}' | sort | while read -r object name; do
	# Called in its own file, and shown so that its test can call it?
	object=${object%%:*}
	file=$src/$(dirname "$object")/$(basename "$object" .o | sed 's/.*-//').c
	case $(code "$file" | grep -cw -- "$name") in
	0|1)	echo "$object: $name";;
	esac
done | clean "every external name has a user"
plan
