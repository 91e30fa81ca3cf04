#!/bin/bash
# banned.sh - calls that we do not make: unbounded or truncating copies,
# parsers that guess, shells, predictable names; names and syncs outside
# names.txt; handlers of signals that do more than set a flag; logging in code
# that should give its result back (tailored starts tailor for the mains, which
# exit with its code).
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lint/lint.sh"
cd "$src" || exit 1

# calls WORDS FILES: places where one of these functions is called.
calls()
{
	local words=$1 file
	shift
	for file; do
		code "$file" | awk -v file="$file" -v words="$words" '
		BEGIN { re = "(^|[^A-Za-z0-9_.>])(" words ")[ \t]*\\(" }
		{
			line = $0
			while (match(line, re)) {
				hit = substr(line, RSTART, RLENGTH)
				gsub(/[^A-Za-z0-9_]/, "", hit)
				print file ":" FNR ": " hit
				line = substr(line, RSTART + RLENGTH)
			}
		}'
	done
}

# shellcheck disable=SC2046,SC2086 # lists of words
{
everything=$(ours $folders tests)
programs=$(ours $folders | grep '\.c$')

calls 'strcpy|strcat|strncpy|strncat|stpcpy|sprintf|vsprintf|gets|strtok|strtok_r|atoi|atol|atoll|atof|sscanf|alloca|system|popen|signal|mktemp|tmpnam|tempnam|asctime|ctime|gmtime|localtime|vfork|setjmp|longjmp' \
    $everything | clean "no banned call"

calls 'malloc|calloc|realloc|reallocarray|strdup|strndup|asprintf|vasprintf' \
    $(echo "$programs" | grep -v '^lib/xalloc\.c$') |
    clean "memory comes from xalloc"

calls 'fsync|fdatasync|syncfs|sync_file_range|sync|rename|renameat|renameat2|link|linkat|unlink|unlinkat|remove|rmdir|symlink|symlinkat|mkdir|mkdirat' \
    $programs |
awk -F '[\t:]' '
	FNR == NR {
		if ($0 !~ /^#/ && NF) allowed[$1 " " $2] = 1
		next
	}
	{
		name = $3; gsub(/ /, "", name)
		used[$1 " " name] = 1
		if (!(($1 " " name) in allowed))
			print $1 ":" $2 ": " name " without a row in names.txt"
	}
	END {
		for (row in allowed) if (!(row in used)) {
			split(row, part, " ")
			if ((getline line < part[1]) >= 0)
				print "names.txt: no such call: " row
		}
	}' tests/lint/names.txt - |
    clean "names and syncs only where names.txt says"

calls 'log_begin|log_end|log_note|fatal|perror|warn|warnx|err|errx|syslog|vsyslog|printf|puts|putchar' \
    $(ours lib | grep '\.c$' | grep -Ev '^lib/(log|mkfilter|tailored|xalloc)\.c$') |
    clean "lib gives results back and logs nothing"

calls 'syslog|vsyslog|openlog' \
    $(echo "$programs" | grep -v '/logger') |
    clean "only logger knows syslog"

# All that runs in one sets a flag; most signals are read from descriptors.
grep -oE 'sa_(handler|sigaction)[[:space:]]*=[^,}]*' $programs /dev/null |
while IFS=: read -r file set; do
	name=${set##*= }
	name=${name%% *}
	case $name in SIG_IGN|SIG_DFL) continue;; esac
	code "$file" | awk -v name="$name" -v file="$file" '
		index($0, name "(int") == 1 { inside = found = 1; next }
		inside && /^}/ { inside = 0 }
		inside && !/^\{?$/ && !/^\t\(void\)sig;$/ &&
		    !/^\t[a-z_]+ = (1|true|sig);$/ { print file ": " name ":" $0 }
		END { if (!found) print file ": where is " name "?" }'
done | clean "a handler of signals sets a flag"
echo "# figure G23: no function is called by a handler of signals"
grep -nE '^[[:space:]]*#[[:space:]]*pragma' $everything /dev/null |
    grep -v '/\*' | clean "no pragma without a reason beside it"
grep -nE '__attribute__|__builtin' $everything /dev/null |
    grep -v '^lib/mm\.h:' | clean "compiler extensions are in lib/mm.h"
grep -nE 'typedef[[:space:]]+(struct|union)' $everything /dev/null |
    clean "no typedef of a struct"
grep -nwE '(TODO|FIXME|XXX)' $everything /dev/null |
    clean "nothing is left for later"
}
plan
