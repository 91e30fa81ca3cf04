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

# logger
inlet_PROGRAMS += tools/logger
noinst_LIBRARIES += tools/liblogger.a
tools_liblogger_a_SOURCES = \
	tools/datagram.c tools/datagram.h \
	tools/sink.c tools/sink.h
tools_logger_SOURCES = tools/logger.c
tools_logger_LDADD = tools/liblogger.a lib/libbase.a

check_PROGRAMS += tests/tools/t_datagram.t tests/tools/t_sink.t
tests_tools_t_datagram_t_SOURCES = tests/tools/t_datagram.c tests/tap.h
tests_tools_t_datagram_t_LDADD = tools/liblogger.a lib/libbase.a
tests_tools_t_sink_t_SOURCES = tests/tools/t_sink.c tests/tap.h
tests_tools_t_sink_t_LDADD = tools/liblogger.a lib/libbase.a
TESTS += tests/tools/t_datagram.t tests/tools/t_sink.t
TESTS += tests/system/21-logger.py
dist_check_SCRIPTS += tests/system/21-logger.py
