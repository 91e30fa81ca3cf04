#!/bin/bash
# unused.sh - every function and object that a file of ours shows to others is
# used by another file of ours, tests not counted: code that only its test
# calls is dead, and a safe helper that nobody calls protects nothing.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lint/lint.sh"
cd "$build" || exit 1

for name in smtpd smtpsrvr submit deliver inlet; do
	if [ ! -e "tests/bin/$name" ]; then
		skip "$name is not in this build: its callers are missing"
		plan
	fi
done
# shellcheck disable=SC2086 # a list of words
find $folders -name '*.o' -exec nm -P -A {} + 2>/dev/null | awk '
{
	where = $1; sub(/:$/, "", where)
	sub(/.*-/, "", where)
	name = $2
	if (name ~ /^(__asan|__ubsan|__sanitizer|__odr|asan\.|_)/ ||
	    name == "main" || name ~ /^LLVMFuzzer/)
		next
	if ($3 == "U") wanted[name] = 1
	else if ($3 ~ /^[TDBRCGSVW]$/) home[name] = where
}
END {
	for (name in home) if (!(name in wanted))
		print home[name] ": " name
}' | sort | clean "every external name has a user in another file"
plan
