# prepare.sh - sourced by check and run: packages, a tree to work in, a build.
# shellcheck shell=bash disable=SC2034 # used by who sources it
set -u
# Root's own Python may be out of reach for other users: Debian's is not.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
umask 022

packages_build="gcc make autoconf automake pkg-config libc6-dev
	linux-libc-dev libgdbm-dev libconfuse-dev libc-ares-dev libseccomp-dev
	libxxhash-dev liblmdb-dev libidn2-dev libgsasl-dev libcrypt-dev nettle-dev
	libpam0g-dev libldap-dev libwrap0-dev libpcre2-dev libssl-dev"
packages_run="swaks"
packages_test="python3 perl mandoc shellcheck gsasl swaks curl msmtp s-nail nsd
	openbsd-inetd ucspi-tcp systemd util-linux procps e2fsprogs xfsprogs
	btrfs-progs tinycdb openssl haproxy nginx-core
	libnginx-mod-mail procmail maildrop slapd sasl2-bin dovecot-core
	nodejs"
packages_full="clang clang-tidy cppcheck libclang-rt-14-dev xz-utils strace
	valgrind
	testssl.sh nmap"

say()
{
	printf '%s\n' "$*"
}

# missing PACKAGE...: which of them are not installed.
missing()
{
	local p
	command -v dpkg-query >/dev/null || return 0
	for p; do
		dpkg-query -W -f '${db:Status-Status}\n' "$p" 2>/dev/null |
		    grep -qx installed || printf '%s ' "$p"
	done
}

# packages required|wanted PACKAGE...: installs what is missing, if it may.
# Without the required ones we end; without the wanted ones tests are skipped.
packages()
{
	local how=$1 lack as policy=/usr/sbin/policy-rc.d
	shift
	lack=$(missing "$@")
	[ -n "$lack" ] || return 0
	if [ "$(id -u)" = 0 ]; then
		as=
	elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true; } \
	    2>/dev/null; then
		as=sudo
	else
		as=no
	fi
	if [ "$as" != no ]; then
		say "Installing: $lack"
		# What tests need of daemons is their programs: none is started.
		if [ ! -e $policy ]; then
			printf '#!/bin/sh\nexit 101\n' |
			    $as tee $policy >/dev/null
			$as chmod 755 $policy
		else
			policy=
		fi
		# shellcheck disable=SC2086 # lists of words
		{
			$as apt-get update -q &&
			    $as env DEBIAN_FRONTEND=noninteractive apt-get \
			    install -y -q --no-install-recommends $lack
		} >"${TMPDIR:-/tmp}/inlet-packages.$$" 2>&1 ||
		    tail -15 "${TMPDIR:-/tmp}/inlet-packages.$$"
		rm -f "${TMPDIR:-/tmp}/inlet-packages.$$"
		[ -z "$policy" ] || $as rm -f "$policy"
		lack=$(missing "$@")
		[ -n "$lack" ] || return 0
	fi
	say "Missing packages: $lack"
	if [ "$how" = required ]; then
		say "Install them:  apt-get install $lack"
		return 1
	fi
	say "(tests that need them are skipped)"
}

# tree: puts the directory to build from into $tree and the one for builds
# into $work: where the tree cannot be written to, or was configured itself,
# a copy of it.
tree()
{
	tree=$1
	work=$1/build-check
	if [ -w "$tree" ] && [ ! -e "$tree/config.status" ]; then
		mkdir -p "$work" && return
	fi
	tree=${TMPDIR:-/tmp}/inlet-tree.$(id -u)
	work=$tree/build-check
	mkdir -p "$tree" && [ -O "$tree" ] && copy_tree "$1" "$tree" &&
	    mkdir -p "$work"
}

# copy_tree FROM TO: the sources, without what is built.
copy_tree()
{
	(cd "$1" && tar cf - --exclude=./.git --exclude=./build \
	    --exclude='./build[!-]*' --exclude='./build-[!a]*' \
	    --exclude=./scratch --exclude='*.o' --exclude='*.a' \
	    --exclude=./config.status --exclude=./config.h \
	    --exclude=./Makefile --exclude=./autom4te.cache .) |
	    (cd "$2" && tar xf - --no-same-owner)
}

# configured DIRECTORY OPTION...: makes configure and runs it there, unless
# that was done with the same options before.  By a relative name, where it is
# two folders up, so that a copy of the tree may be used with what was built.
configured()
{
	local dir=$1
	shift
	mkdir -p "$dir" || return
	[ -e "$tree/configure" ] || (cd "$tree" && ./autogen.sh) || return
	if [ "$(cat "$dir/.options" 2>/dev/null)" != "$*" ] ||
	    [ ! -e "$dir/Makefile" ] || [ "$tree/configure" -nt \
	    "$dir/config.status" ]; then
		rm -f "$dir/.options"
		if [ "$dir/../.." -ef "$tree" ]; then
			(cd "$dir" && ../../configure -q "$@") || return
		else
			(cd "$dir" && "$tree/configure" -q "$@") || return
		fi
		printf '%s\n' "$*" >"$dir/.options"
	fi
}

cores()
{
	nproc 2>/dev/null || echo 2
}
