#!/bin/bash
# sizes.sh - ceilings: a function 100 lines, a source 1,000, a header 300, a
# line 80 columns; and what is linked into smtpd, which runs as root: no more
# than it was when counted (blank lines and comments left out).  The design
# wants 1,000 lines there; ARCHITECTURE.md, "What root runs", says what is.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lint/lint.sh"
cd "$src" || exit 1
# shellcheck disable=SC2086 # a list of words
all=$(ours $folders tests)

for file in $all; do
	awk -v file="$file" '
	/^{/ { start = FNR }
	/^}/ && start {
		if (FNR - start - 1 > 100)
			printf "%s:%d: a function of %d lines\n", file, start,
			    FNR - start - 1
		start = 0
	}
	END {
		if (file ~ /\.c$/ && FNR > 1000)
			print file ": " FNR " lines"
		if (file ~ /\.h$/ && FNR > 300)
			print file ": " FNR " lines"
	}' "$file"
done | clean "functions, sources and headers are under their ceilings"

for file in $all; do
	case $file in
	*/main.c) n=$(code "$file" | grep -c '[^[:space:]]')
		[ "$n" -le 150 ] || echo "$file: $n lines of code";;
	esac
done | clean "a main.c is thin: 150 lines of code"

for file in $all; do
	expand "$file" | awk -v file="$file" 'length($0) > 80 {
		print file ":" FNR ": " length($0) " columns" }'
	grep -nH '[[:space:]]$' "$file" | sed 's/:[^:]*$/: blanks at the end/'
done | clean "no line is over 80 columns or ends in blanks"

# What the linker takes for smtpd: from its own objects, every member of our
# archives that defines what is still wanted, and so on.
linked()
{
	local archives object
	archives=$(find "$build"/lib "$build"/tables "$build"/smtpd \
	    -name '*.a' 2>/dev/null)
	object=$(find "$build"/smtpd -name '*main.o' | head -1)
	[ -n "$object" ] || return 1
	# shellcheck disable=SC2086
	{
		nm -P -A "$object" | sed 's/^[^:]*:/MAIN:/'
		nm -P -A $archives
	} 2>/dev/null | awk '
	{
		where = $1; sub(/:$/, "", where)
		if ($3 == "U") wants[where] = wants[where] " " $2
		else if ($3 ~ /^[A-Z]$/ && !($2 in home)) home[$2] = where
	}
	END {
		queue[n++] = "MAIN"; seen["MAIN"] = 1
		for (i = 0; i < n; i++) {
			k = split(wants[queue[i]], w, " ")
			for (j = 1; j <= k; j++)
				if ((w[j] in home) && !(home[w[j]] in seen)) {
					seen[home[w[j]]] = 1
					queue[n++] = home[w[j]]
				}
		}
		for (i = 0; i < n; i++) print queue[i]
	}'
}

if [ -x "$build/smtpd/smtpd" ]; then
	total=0
	list=
	while read -r member; do
		case $member in
		MAIN)	file=smtpd/main.c;;
		*)	name=${member##*[}	# archive.a[member.o]
			name=${name%].*}
			name=${name%]}
			name=${name%.o}
			name=${name##*-}	# with per-target flags
			folder=${member%%.a*}
			folder=$(basename "$(dirname "$folder")")
			file=$folder/$name.c;;
		esac
		[ -f "$file" ] || continue	# generated: the filters
		n=$(code "$file" | grep -c '[^[:space:]]')
		total=$((total + n))
		list="$list$n $file
"
	done <<-LINKED
	$(linked)
	LINKED
	{
		if [ "$total" -gt 4400 ] || [ "$total" -lt 100 ]; then
			echo "$total lines of code are linked into smtpd:"
			printf '%s' "$list" | sort -rn
		fi
	} | clean "at most 4,400 lines of ours are linked into smtpd ($total)"
else
	skip "smtpd is not built"
fi
plan
