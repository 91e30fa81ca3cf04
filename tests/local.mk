# tests: everything speaks TAP.  `make check` runs it through automake's
# driver; tests/bin holds links to all programs, so that one directory given
# with -L is enough for them to find each other before they are installed.
TEST_EXTENSIONS = .t .sh .py
TAP_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) \
	$(top_srcdir)/build-aux/tap-driver.sh
T_LOG_DRIVER = $(TAP_DRIVER)
SH_LOG_DRIVER = $(TAP_DRIVER)
PY_LOG_DRIVER = $(TAP_DRIVER)
SH_LOG_COMPILER = bash
PY_LOG_COMPILER = python3
AM_TESTS_ENVIRONMENT = \
	top_srcdir='$(abs_top_srcdir)'; export top_srcdir; \
	top_builddir='$(abs_top_builddir)'; export top_builddir; \
	CC='$(CC)'; export CC; \
	PYTHONDONTWRITEBYTECODE=1; export PYTHONDONTWRITEBYTECODE;

tests/bin/.made: $(bin_PROGRAMS) $(sbin_PROGRAMS) $(inlet_PROGRAMS)
	$(AM_V_GEN)rm -rf tests/bin && $(MKDIR_P) tests/bin && \
	for p in $(bin_PROGRAMS) $(sbin_PROGRAMS) $(inlet_PROGRAMS); do \
		ln -s '$(abs_top_builddir)'/$$p tests/bin/ || exit 1; \
	done && : > $@
noinst_DATA = tests/bin/.made
clean-local:
	rm -rf tests/bin

TESTS += $(lint_tests) $(system_tests)
lint_tests = \
	tests/lint/layers.sh \
	tests/lint/sizes.sh \
	tests/lint/banned.sh \
	tests/lint/unused.sh \
	tests/lint/untested.sh \
	tests/lint/manpages.sh \
	tests/lint/shell.sh \
	tests/lint/tables.py
system_tests =
dist_check_SCRIPTS += $(lint_tests) $(system_tests)
EXTRA_DIST += tests/harness.py \
	tests/lint/lint.sh tests/lint/layers.txt tests/lint/names.txt \
	tests/lint/untested.txt
