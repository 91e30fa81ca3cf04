# INLET_LIB(VARIABLE, LIBRARY, FUNCTION, DEBIAN-PACKAGE)
# Finds a library that must be there and leaves its flag in VARIABLE_LIBS, so
# that each program links only what it names.
AC_DEFUN([INLET_LIB],
  [AC_CHECK_LIB([$2], [$3], [$1_LIBS=-l$2],
    [AC_MSG_ERROR([lib$2 with $3 not found (Debian: $4)])])
   AC_SUBST([$1_LIBS])])

# INLET_OPTIONAL(VARIABLE, LIBRARY, FUNCTION, HEADER, DEBIAN-PACKAGE)
# The same for one that $with_library may leave out: HAVE_VARIABLE, and
# $have_library.
AC_DEFUN([INLET_OPTIONAL],
  [$1_LIBS= have_$2=no
   AS_IF([test "x$with_$2" != xno],
     [AC_CHECK_HEADER([$4], [AC_CHECK_LIB([$2], [$3],
       [have_$2=yes $1_LIBS=-l$2
        AC_DEFINE([HAVE_$1], [1], [Define if lib$2 is used.])])])
      AS_IF([test "x$with_$2$have_$2" = xyesno],
        [AC_MSG_ERROR([--with-$2 was given, but lib$2 was not found (Debian: $5)])])])
   AC_SUBST([$1_LIBS])])

# libwrap has no pkg-config file and wants two variables of its caller.
AC_DEFUN([INLET_LIBWRAP],
  [WRAP_LIBS=
   have_libwrap=no
   AS_IF([test "x$with_libwrap" != xno],
     [save_LIBS=$LIBS
      LIBS="-lwrap $LIBS"
      AC_MSG_CHECKING([for libwrap])
      AC_LINK_IFELSE([AC_LANG_PROGRAM(
[[#include <tcpd.h>
int allow_severity, deny_severity;]],
[[struct request_info r;
return request_init(&r, RQ_DAEMON, "x", 0) == 0 || hosts_access(&r);]])],
        [have_libwrap=yes WRAP_LIBS=-lwrap])
      AC_MSG_RESULT([$have_libwrap])
      LIBS=$save_LIBS
      AS_IF([test "x$with_libwrap" = xyes && test $have_libwrap = no],
        [AC_MSG_ERROR([--with-libwrap was given, but libwrap was not found (Debian: libwrap0-dev)])])])
   AS_IF([test $have_libwrap = yes],
     [AC_DEFINE([HAVE_LIBWRAP], [1], [Define to ask hosts.allow and hosts.deny.])])
   AC_SUBST([WRAP_LIBS])])

# INLET_TRY(VARIABLE, FLAG): adds FLAG to VARIABLE if compiler and linker take it.
AC_DEFUN([INLET_TRY],
  [AC_MSG_CHECKING([whether $CC takes $2])
   save_CFLAGS=$CFLAGS
   CFLAGS="$CFLAGS -Werror $2"
   AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
     [AC_MSG_RESULT([yes]); $1="$$1 $2"; inlet_took=yes],
     [AC_MSG_RESULT([no]); inlet_took=no])
   CFLAGS=$save_CFLAGS
])

# What smtpsrvr is linked with, after INLET_FLAGS.  A static program cannot load
# PCRE2: it, and so whatever else has tables, links it.
AC_DEFUN([INLET_STATIC_SESSION],
  [SESSION_LDFLAGS=$AM_LDFLAGS inlet_pcre2="loaded when a table needs it"
   AS_IF([test "x$enable_static_session$enable_sanitizers" = xyesyes],
     [AC_MSG_ERROR([--enable-static-session and --enable-sanitizers exclude each other])])
   AS_IF([test "x$enable_sanitizers$enable_fuzzers" != xnono &&
     test "x$enable_static_session" != xyes], [enable_static_session=no])
   AS_IF([test "x$enable_static_session" != xno],
     [session_libs=$GDBM_LIBS
      AS_IF([test $have_pcre2 = yes], [session_libs="$session_libs -lpcre2-8"])
      AC_MSG_CHECKING([whether a program with $session_libs can be static])
      save_LIBS=$LIBS save_LDFLAGS=$LDFLAGS
      LIBS="$session_libs $LIBS"
      # In place of -pie: beside it clang warns.
      session_flags="-static-pie `AS_ECHO([" $AM_LDFLAGS "]) | sed 's/ -pie / /'`"
      LDFLAGS="$LDFLAGS $session_flags"
      AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <gdbm.h>
#ifdef HAVE_PCRE2
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#endif]],
[[#ifdef HAVE_PCRE2
  if (pcre2_config(PCRE2_CONFIG_VERSION, NULL) < 0)
    return 1;
#endif
  return gdbm_errno;]])],
        [inlet_static=yes], [inlet_static=no])
      AC_MSG_RESULT([$inlet_static])
      LIBS=$save_LIBS LDFLAGS=$save_LDFLAGS
      AS_IF([test "x$enable_static_session$inlet_static" = xyesno],
        [AC_MSG_ERROR([--enable-static-session wants libc.a, libgdbm.a and, unless --without-pcre2, libpcre2-8.a (Debian: libc6-dev, libgdbm-dev, libpcre2-dev)])])
      enable_static_session=$inlet_static])
   AS_IF([test $enable_static_session = yes],
     [SESSION_LDFLAGS=$session_flags
      AC_DEFINE([STATIC_SESSION], [1], [Define if smtpsrvr is linked statically.])
      GDBM_LIBS=$session_libs
      AS_IF([test $have_pcre2 = yes],
        [AC_DEFINE([LINKED_PCRE2], [1], [Define if PCRE2 is linked, not loaded.])
         inlet_pcre2=linked])
      inlet_sessions="static (a new libc, GDBM or PCRE2 takes a new build)"],
     [inlet_sessions=dynamic])
   AC_SUBST([SESSION_LDFLAGS])])

AC_DEFUN([INLET_FLAGS],
  [WARN_CFLAGS= HARD_CFLAGS= HARD_LDFLAGS= SAN_CFLAGS= FUZZ_CFLAGS=
   m4_foreach_w([flag], [-Wall -Wextra -Wshadow -Wmissing-prototypes
     -Wstrict-prototypes -Wformat=2 -Wundef -Wvla -Wwrite-strings
     -Wpointer-arith -Wcast-qual -Wswitch-enum -Wimplicit-fallthrough
     -fno-common],
     [INLET_TRY([WARN_CFLAGS], m4_defn([flag]))])
   AS_IF([test "x$enable_werror" = xyes], [WARN_CFLAGS="$WARN_CFLAGS -Werror"])
   AS_IF([test "x$enable_sanitizers" = xyes],
     [INLET_TRY([SAN_CFLAGS], [-fsanitize=address,undefined])
      AS_IF([test $inlet_took = no], [AC_MSG_ERROR([this compiler has no sanitizers])])
      SAN_CFLAGS="$SAN_CFLAGS -fno-sanitize-recover=undefined -fno-omit-frame-pointer"
      AC_DEFINE([SANITIZERS], [1], [Define when address and undefined sanitizers are on.])
      inlet_hardening="off (sanitizers)"],
     [m4_foreach_w([flag], [-fstack-protector-strong -fstack-clash-protection
        -fcf-protection -ftrivial-auto-var-init=zero -fPIE],
        [INLET_TRY([HARD_CFLAGS], m4_defn([flag]))])
      m4_foreach_w([flag], [-pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack],
        [INLET_TRY([HARD_LDFLAGS], m4_defn([flag]))])
      HARD_CFLAGS="-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 $HARD_CFLAGS"
      inlet_hardening="$HARD_CFLAGS$HARD_LDFLAGS"])
   AS_IF([test "x$enable_fuzzers" = xyes],
     [INLET_TRY([FUZZ_CFLAGS], [-fsanitize=fuzzer-no-link])
      AS_IF([test $inlet_took = no], [AC_MSG_ERROR([--enable-fuzzers needs clang with libFuzzer])])])
   AM_CFLAGS="-std=c11 $WARN_CFLAGS $HARD_CFLAGS $SAN_CFLAGS $FUZZ_CFLAGS"
   AM_LDFLAGS=$HARD_LDFLAGS
   AC_SUBST([AM_CFLAGS])
   AC_SUBST([AM_LDFLAGS])])
