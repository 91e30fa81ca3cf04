#!/bin/bash
# tailor.sh - every folder below conf is one configuration: inlet.conf with
# what it includes, args (options), and either expected (what dumpconf -o
# prints of the result; then the dump is read back, too, and must not change)
# or error (standard error, word for word) with code, the exit code if it
# is not 78.
#
# With write=1 in the environment the folders get what comes out now: look at
# the difference before it is committed.
set -u
shopt -s lastpipe	# so that a failure at the end of a pipe counts
src=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${top_builddir:-$src/build}
tailor=$build/tools/tailor
dump=$build/tests/tools/dumpconf
scratch=$(mktemp -d) && scratch=$(cd "$scratch" && pwd -P) || exit 1
trap 'rm -rf "$scratch"' EXIT
# libConfuse leaves the buffers of includes behind when it gives up.
echo leak:cfg_yy_create_buffer > "$scratch/suppressions"
export LSAN_OPTIONS=suppressions=$scratch/suppressions:print_suppressions=0
count=0

ok()
{
	count=$((count + 1))
	echo "ok $count - $1"
}

not_ok()
{
	count=$((count + 1))
	echo "not ok $count - $1"
	sed 's/^/# /'
}

# same WHAT WANTED GOT: equal files, or the difference.
same()
{
	if cmp -s "$2" "$3"; then
		ok "$1"
	else
		diff -a -u "$2" "$3" | not_ok "$1"
	fi
}

# run DIRECTORY FILE ARGUMENTS: leaves out, err and the exit code in rc.
run()
{
	(cd "$1" && shift && "$tailor" -C "$@") 3> "$scratch/out" \
	    2> "$scratch/err.raw"
	rc=$?
	sed "s:$1:@DIR@:g" "$scratch/err.raw" > "$scratch/err"
}

# The file's folder, and without -r our own user, differ from place to place.
plain()
{
	case $args in
	*-r*)	cat;;
	*)	grep -a -v '^# user ';;
	esac | sed "s:$1:@DIR@:g"
}

good()
{
	local dir=$1 name=$2
	shift 2
	"$dump" -o < "$scratch/out" | plain "$dir" > "$scratch/dump"
	same "$name: what tailor made of it" "$dir/expected" "$scratch/dump"
	"$dump" < "$scratch/out" > "$scratch/first.conf"
	(cd "$scratch" && "$tailor" -C first.conf 3> out 2> err)
	"$dump" < "$scratch/out" > "$scratch/second.conf"
	same "$name: read back and written again" "$scratch/first.conf" \
	    "$scratch/second.conf"
}

# In a short folder of our own: its name is in the results.
cp -R "$src/tests/tools/conf" "$scratch/conf"
chmod -R u+w "$scratch/conf"
for dir in "$scratch"/conf/*/; do
	dir=${dir%/}
	name=${dir##*/}
	args='-L /programs'
	[ ! -f "$dir/args" ] || args=$(cat "$dir/args")
	eval "set -- $args"
	run "$dir" inlet.conf "$@"
	if [ -n "${write:-}" ]; then
		to=$src/tests/tools/conf/$name
		rm -f "$to/expected" "$to/error" "$to/code"
		if [ $rc -eq 0 ]; then
			"$dump" -o < "$scratch/out" | plain "$dir" \
			    > "$to/expected"
		else
			cp "$scratch/err" "$to/error"
			[ $rc -eq 78 ] || echo $rc > "$to/code"
		fi
		continue
	fi
	want=0
	[ ! -f "$dir/error" ] || want=78
	[ ! -f "$dir/code" ] || want=$(cat "$dir/code")
	if [ $rc -ne "$want" ]; then
		echo "want $want" | cat - "$scratch/err" |
		    not_ok "$name: exit code $rc"
	elif [ -f "$dir/error" ]; then
		same "$name: what tailor says" "$dir/error" "$scratch/err"
	else
		good "$dir" "$name"
	fi
done
# What people copy must be right.
awk '/^\.Sh/ { here = $2 == "EXAMPLES" }
    /^\.Ed/ { inside = 0 }
    here && inside
    here && /^\.Bd/ { inside = 1 }' "$src/man5/inlet.conf.5" \
    > "$scratch/manual.conf"
: > "$scratch/nothing"
for file in "$src/etc/inlet.conf" "$src/etc/submission.conf" \
    "$scratch/manual.conf"; do
	"$tailor" -C "$file" 3> "$scratch/out" 2> "$scratch/err"
	rc=$?
	"$dump" < "$scratch/out" | grep -qE '^channel "(lan|out)"' ||
	    echo "no channel lan or out (exit code $rc)" >> "$scratch/err"
	same "the example ${file##*/}" "$scratch/nothing" "$scratch/err"
done

"$tailor" 3>&- 2> "$scratch/err"
rc=$?
if [ $rc -eq 71 ] && [ -s "$scratch/err" ]; then
	ok "nowhere to write to: exit code 71"
else
	not_ok "nowhere to write to: exit code $rc" < "$scratch/err"
fi

# What smtpd's nobody may not read is said so, and by whom.
echo 'hostname = "mx.example.org"' > "$scratch/secret.conf"
chmod 0 "$scratch/secret.conf"
chmod 755 "$scratch"
cp "$tailor" "$scratch/"
uid=$(id -u)
as=
if [ "$uid" -eq 0 ]; then
	uid=65534
	as='setpriv --reuid 65534 --regid 65534 --clear-groups'
fi
echo "$scratch/secret.conf: Permission denied; user $uid must be able to" \
    "read it" > "$scratch/want"
$as "$scratch/tailor" -C "$scratch/secret.conf" 3> "$scratch/out" \
    2> "$scratch/err"
rc=$?
same "a file that may not be read (exit code $rc)" "$scratch/want" \
    "$scratch/err"

# As anybody it makes a plan for itself.
cp "$src/tests/tools/conf/good-small/inlet.conf" "$scratch/small.conf"
chmod 644 "$scratch/small.conf"
$as "$scratch/tailor" -C "$scratch/small.conf" \
    3> "$scratch/out" 2> "$scratch/err"
"$dump" -o < "$scratch/out" | grep -c "^# user . $uid:" > "$scratch/got"
echo 6 > "$scratch/want"
same "without -r all users are ourselves" "$scratch/want" "$scratch/got"
echo "1..$count"
