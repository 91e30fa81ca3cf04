# lint.sh - sourced by the lint tests: where things are, and TAP.
# shellcheck shell=bash disable=SC2034 # used by who sources it
set -u
shopt -s lastpipe	# so that clean counts in this shell
src=${top_srcdir:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
build=${top_builddir:-$PWD}
export LC_ALL=C
tap_count=0

# ours FOLDER...: our C sources and headers there, relative to the tree.
ours()
{
	(cd "$src" && find "$@" -name '*.[ch]' ! -path '*/build*' |
	    sort) 2>/dev/null
}

# The folders that programs and libraries are made of.
folders="lib tables smtpd smtpsrvr submit authsrvr chans tools"

# clean WHAT: ok if nothing comes on standard input, else not ok with it.
clean()
{
	local found
	found=$(cat)
	tap_count=$((tap_count + 1))
	if [ -z "$found" ]; then
		echo "ok $tap_count - $1"
	else
		echo "not ok $tap_count - $1"
		printf '%s\n' "$found" | sed 's/^/# /'
	fi
}

skip()
{
	tap_count=$((tap_count + 1))
	echo "ok $tap_count # SKIP $1"
}

plan()
{
	echo "1..$tap_count"
	exit 0
}

# code FILE: the file with comments, strings and character constants blanked;
# lines stay where they are.
code()
{
	awk '
	{
		line = $0; out = ""
		while (line != "") {
			if (inside) {
				at = index(line, "*/")
				if (at == 0) { line = ""; break }
				line = substr(line, at + 2); inside = 0
				continue
			}
			c = substr(line, 1, 1)
			two = substr(line, 1, 2)
			if (two == "/*") { inside = 1; line = substr(line, 3) }
			else if (two == "//") line = ""
			else if (c == "\"" || c == "'\''") {
				line = substr(line, 2)
				while (line != "" && substr(line, 1, 1) != c)
					line = substr(line,
					    substr(line, 1, 1) == "\\" ? 3 : 2)
				line = substr(line, 2)
				out = out c c
			} else { out = out c; line = substr(line, 2) }
		}
		print out
	}' "$1"
}
