#!/bin/bash
# manpages.sh - the manual is true: mandoc finds nothing, every program has a
# page with its options and exit codes, and settings, commands, checks and
# replies are those of the .def tables (make update-man mends that).
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lint/lint.sh"
cd "$src" || exit 1

# page_of PROGRAM: its page; lookup and logger would clash with other pages
# and have the project's name before theirs; smtpsrvr-tls is smtpsrvr.
page_of()
{
	if [ "$1" = smtpsrvr-tls ]; then
		echo man8/smtpsrvr.8
	elif [ -f "man8/inlet-$1.8" ]; then
		echo "man8/inlet-$1.8"
	elif [ -f "man1/inlet-$1.1" ]; then
		echo "man1/inlet-$1.1"
	else
		echo man[18]/"$1".[18]
	fi
}

if command -v mandoc >/dev/null; then
	for page in man[0-9]/*.[0-9]; do
		[ -f "$page" ] || continue
		mandoc -T lint -W warning "$page" 2>&1
	done | clean "mandoc -T lint -W warning is silent"
else
	skip "no mandoc"
fi

for path in "$build"/tests/bin/*; do
	[ -e "$path" ] || continue
	name=$(basename "$path")
	page=$(page_of "$name")
	if [ ! -f "$page" ]; then
		echo "$name has no page"
		continue
	fi
	grep -q '^\.Sh EXIT STATUS' "$page" || echo "$page: no EXIT STATUS"
	grep -q '^\.Sh SYNOPSIS' "$page" || echo "$page: no SYNOPSIS"
done | clean "every program has a page with its exit codes"

# option letters that the source of a program takes, and those of its page
# shellcheck disable=SC2086 # a list of words
ours $folders | grep '\.c$' | while read -r file; do
	grep -q 'getopt(' "$file" || continue
	name=$(basename "$file" .c)
	case $name in
	main|options)
		name=$(dirname "$file")
		[ "$name" != chans ] || name=deliver;;
	*_main)	name=${name%_main};;
	esac
	page=$(page_of "$name")
	[ -f "$page" ] || { echo "$file: no page $name(8)"; continue; }
	letters=$(tr '\n' ' ' <"$file" | grep -o 'getopt([^;{]*' |
	    grep -o '"[^"]*"' | tr -d '":+-' | fold -w1 | sort -u)
	for letter in $letters; do
		grep -Eq "Fl ([A-Za-z]+ )?[A-Za-z]*$letter" "$page" ||
		    echo "$page: nothing about -$letter"
	done
	awk '/^\.It Fl [A-Za-z0-9]( |$)/ { print $3 }' "$page" | sort -u |
	    while read -r letter; do
		echo "$letters" | grep -q "^$letter\$" ||
		    echo "$page: $file takes no -$letter"
	done
done | clean "pages and getopt know the same options"

generator=$build/tests/lint/mdoc_tables
page=man8/smtpsrvr.8
{
	for part in commands keywords checks replies; do
		grep -qxF ".\\\" TABLE BEGIN $part" $page ||
		    echo "$page: no mark for the $part"
	done
	sh build-aux/splice.sh $page "$generator" | diff $page - | head -20
} | clean "commands, keywords, checks and replies of smtpsrvr(8) are those of the tables"

page=man5/inlet-authorise.5
{
	grep -qxF '.\" TABLE BEGIN steps' $page ||
	    echo "$page: no mark for the steps"
	sh build-aux/splice.sh $page "$generator" | diff $page - | head -20
} | clean "the steps of inlet-authorise(5) are those of the table"

generator=$build/tests/lint/settings_mdoc
page=man5/inlet.conf.5
if [ ! -f $page ]; then
	skip "no inlet.conf(5) yet"
else
	{
		for scope in server listener channel table variables; do
			grep -qxF ".\\\" SETTINGS BEGIN $scope" $page ||
			    echo "$page: no mark for the settings of a $scope"
		done
		sh build-aux/splice.sh $page "$generator" | diff $page - |
		    head -20
	} | clean "the settings of inlet.conf(5) are those of settings.def"
fi
plan
