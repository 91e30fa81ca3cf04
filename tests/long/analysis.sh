#!/bin/bash
# analysis.sh - G22: what gcc -fanalyzer, cppcheck and clang-tidy find in our
# source, each at the version that Debian has; and that what is linked is
# hardened.  What they are not asked is in .clang-tidy and cppcheck.txt, with
# reasons.  Two minutes on two cores.
set -u
src=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${top_builddir:-$PWD}
src=$(cd "$src" && pwd)
folders="lib tables smtpd smtpsrvr submit authsrvr chans tools"
work=$(mktemp -d "${TMPDIR:-/tmp}/inlet-analysis.XXXXXX")
trap 'rm -rf "$work"' EXIT
n=0 found=0

# clean WHAT FILE: FILE has the findings, a line each.
clean()
{
	n=$((n + 1))
	found=$((found + $(wc -l <"$2")))
	if [ -s "$2" ]; then
		echo "not ok $n - $1"
		sed 's/^/# /' "$2"
	else
		echo "ok $n - $1"
	fi
}

skip()
{
	n=$((n + 1))
	echo "ok $n # SKIP $1"
}

have()
{
	command -v "$1" >/dev/null
}

sources()
{
	# shellcheck disable=SC2086 # a list of words
	(cd "$src" && find $folders -name '*.c' | sort)
}

# A compilation needs nothing of make.
printf '%s\n' -std=gnu11 "-I$src" "-I$build" -DHAVE_CONFIG_H \
    '-DINLET_SYSCONF="/etc/inlet"' '-DINLET_LIBEXEC="/usr/lib/inlet"' \
    '-DINLET_SBIN="/usr/sbin"' >"$work/compile_flags.txt"

if have gcc; then
	mapfile -t flags <"$work/compile_flags.txt"
	(cd "$src" && sources | xargs -P2 -n 1 gcc "${flags[@]}" -O1 \
	    -fanalyzer -S -o /dev/null 2>&1) |
	    grep -E '(warning|error):' >"$work/gcc"
	clean "gcc -fanalyzer finds nothing" "$work/gcc"
else
	skip "no gcc"
fi

if have cppcheck; then
	# shellcheck disable=SC2086 # a list of words
	(cd "$src" && cppcheck -j2 --quiet --std=c11 \
	    --enable=warning,performance,portability \
	    --suppressions-list=tests/long/cppcheck.txt \
	    --suppress=missingInclude -I. "-I$build" -DHAVE_CONFIG_H \
	    --template='{file}:{line}: {severity} {id}: {message}' \
	    $folders) >"$work/cppcheck" 2>&1
	clean "cppcheck finds nothing" "$work/cppcheck"
else
	skip "no cppcheck"
fi

if have clang-tidy; then
	(cd "$src" && sources | xargs -P2 -n 8 clang-tidy --quiet \
	    -p "$work" 2>/dev/null) | grep -E '(warning|error):' >"$work/tidy"
	clean "clang-tidy finds nothing" "$work/tidy"
else
	skip "no clang-tidy"
fi

# hard PROGRAM: a line for each thing that it lacks.  Of -fcf-protection
# nothing can be seen: Debian's start files have no such note.
hard()
{
	local all
	all=$(readelf -hldW "$1" 2>/dev/null)
	grep -q 'Type: *DYN' <<<"$all" || echo "$1: not at any address"
	grep -q GNU_RELRO <<<"$all" || echo "$1: no relro"
	grep -qE 'FLAGS.*NOW' <<<"$all" || echo "$1: symbols are bound late"
	grep -E 'GNU_STACK' <<<"$all" | grep -q ' RW ' ||
	    echo "$1: a stack that can be executed"
}

if grep -q '^#define SANITIZERS' "$build/config.h"; then
	skip "sanitizers instead of hardening"
elif have readelf; then
	for program in "$build"/tests/bin/*; do
		hard "$program"
	done >"$work/hard" 2>&1
	clean "all programs are hardened" "$work/hard"
else
	skip "no readelf"
fi
echo "# figure G22: $found findings in $(sources | wc -l) files"
echo "1..$n"
[ "$found" = 0 ]
