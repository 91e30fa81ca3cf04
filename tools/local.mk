# tools
noinst_LIBRARIES += tools/libtailor.a
tools_libtailor_a_SOURCES = \
	tools/confile.c \
	tools/confile.h \
	tools/makeplan.c \
	tools/makeplan.h \
	tools/scan.c \
	tools/scan.h

inlet_PROGRAMS += tools/tailor
tools_tailor_SOURCES = tools/tailor.c
tools_tailor_LDADD = tools/libtailor.a lib/libbase.a $(CONFUSE_LIBS)

check_PROGRAMS += tests/tools/dumpconf
tests_tools_dumpconf_SOURCES = tests/tools/dumpconf.c
tests_tools_dumpconf_LDADD = lib/libbase.a

check_PROGRAMS += tests/tools/t_scan.t
tests_tools_t_scan_t_SOURCES = tests/tools/t_scan.c tests/tap.h
tests_tools_t_scan_t_LDADD = tools/libtailor.a lib/libbase.a
TESTS += tests/tools/t_scan.t

TESTS += tests/tools/tailor.sh
dist_check_SCRIPTS += tests/tools/tailor.sh
EXTRA_DIST += tests/tools/conf
