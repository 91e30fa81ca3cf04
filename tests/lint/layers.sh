#!/bin/bash
# layers.sh - every include keeps to layers.txt, and every header compiles
# alone.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lint/lint.sh"
cd "$src" || exit 1

# shellcheck disable=SC2086 # a list of words
for file in $(ours $folders); do
	awk -v file="$file" '
	BEGIN { own = file; sub("/.*", "", own) }
	FNR == NR {
		if ($0 !~ /^#/ && $1 == own ":") {
			known = 1
			for (i = 2; i <= NF; i++) may[$i] = 1
		}
		next
	}
	/^[ \t]*#[ \t]*include[ \t]*"/ {
		split($0, part, "\"")
		name = part[2]
		folder = name
		if (!sub("/.*", "", folder)) folder = ""
		where = file ":" FNR ": "
		if (!known) print where "no row in layers.txt for " own
		else if (name == "config.h") next
		else if (name ~ /\.\./) print where "a path with ..: " name
		else if (folder == "") print where "no folder in " name
		else if (folder != own && !(folder in may))
			print where own " may not include " name
	}' tests/lint/layers.txt "$file"
done | clean "every include keeps to layers.txt"

# shellcheck disable=SC2086
for file in $(ours $folders | grep '\.c$'); do
	first=$(grep -m1 -E '^[[:space:]]*#[[:space:]]*include' "$file")
	[ "$first" = '#include "config.h"' ] ||
	    echo "$file: the first include is not \"config.h\""
done | clean "config.h comes first in every source"

# shellcheck disable=SC2086
for file in $(ours $folders | grep '\.h$'); do
	printf '#include "config.h"\n#include "%s"\n' "$file" |
	    ${CC:-cc} -std=c11 -fsyntax-only -I"$src" -I"$build" \
	    -x c - 2>&1 | head -3
done | clean "every header compiles alone"

# shellcheck disable=SC2086
for file in $(ours $folders | grep '\.h$'); do
	guard=$(echo "$file" | tr 'a-z/.-' 'A-Z___')
	grep -q "^#ifndef $guard\$" "$file" ||
	    echo "$file: the guard is not $guard"
done | clean "every header's guard is its path"

# shellcheck disable=SC2086
ours $folders | grep -E '/(util|utils|misc|common|helpers)\.[ch]$' |
    clean "no drawer called util, misc or common"
plan
