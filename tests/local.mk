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
	top_srcdir=`cd '$(top_srcdir)' && pwd`; export top_srcdir; \
	top_builddir=`pwd`; export top_builddir; \
	CC='$(CC)'; export CC; \
	PYTHONDONTWRITEBYTECODE=1; export PYTHONDONTWRITEBYTECODE;

tests/bin/.made: $(bin_PROGRAMS) $(sbin_PROGRAMS) $(inlet_PROGRAMS)
	$(AM_V_GEN)rm -rf tests/bin && $(MKDIR_P) tests/bin && \
	for p in $(bin_PROGRAMS) $(sbin_PROGRAMS) $(inlet_PROGRAMS); do \
		ln -s "`pwd`/$$p" tests/bin/ || exit 1; \
	done && : > $@
noinst_DATA += tests/bin/.made
clean-local:
	rm -rf tests/bin

check_PROGRAMS += tests/lint/settings_mdoc
tests_lint_settings_mdoc_SOURCES = tests/lint/settings_mdoc.c
tests_lint_settings_mdoc_LDADD = lib/libbase.a

check_PROGRAMS += tests/lint/mdoc_tables
tests_lint_mdoc_tables_SOURCES = tests/lint/mdoc_tables.c

# The settings of inlet.conf(5) anew from settings.def; commands, checks and
# replies of smtpsrvr(8) and the steps of inlet-authorise(5) from their tables.
update-man: tests/lint/settings_mdoc tests/lint/mdoc_tables
	$(SHELL) $(top_srcdir)/build-aux/splice.sh \
		$(top_srcdir)/man5/inlet.conf.5 tests/lint/settings_mdoc \
		>inlet.conf.5.new && \
		mv inlet.conf.5.new $(top_srcdir)/man5/inlet.conf.5
	$(SHELL) $(top_srcdir)/build-aux/splice.sh \
		$(top_srcdir)/man8/smtpsrvr.8 tests/lint/mdoc_tables \
		>smtpsrvr.8.new && \
		mv smtpsrvr.8.new $(top_srcdir)/man8/smtpsrvr.8
	$(SHELL) $(top_srcdir)/build-aux/splice.sh \
		$(top_srcdir)/man5/inlet-authorise.5 tests/lint/mdoc_tables \
		>inlet-authorise.5.new && \
		mv inlet-authorise.5.new $(top_srcdir)/man5/inlet-authorise.5
.PHONY: update-man

TESTS += $(lint_tests) tests/talk.py $(system_tests)
lint_tests = \
	tests/lint/layers.sh \
	tests/lint/sizes.sh \
	tests/lint/banned.sh \
	tests/lint/unused.sh \
	tests/lint/untested.sh \
	tests/lint/manpages.sh \
	tests/lint/shell.sh \
	tests/lint/extensions.py tests/lint/rfcs.py \
	tests/lint/tables.py
system_tests = \
	tests/system/10-clients.py \
	tests/system/11-endings.py \
	tests/system/12-postfix-exim.py \
	tests/system/13-inetd.py \
	tests/system/14-states.py \
	tests/system/15-limits.py \
	tests/system/16-kill.py \
	tests/system/17-reload.py \
	tests/system/18-source.py \
	tests/system/19-mistakes.py \
	tests/system/22-trouble.py \
	tests/system/23-sequences.py \
	tests/system/23-surroundings.py \
	tests/system/24-mmdf.py \
	tests/system/24-stuck.py \
	tests/system/33-send.py \
	tests/system/34-authorise.py \
	tests/system/35-flood.py \
	tests/system/35-policy.py \
	tests/system/35-scale.py \
	tests/system/36-by-channel.py \
	tests/system/36-rates.py \
	tests/system/36-space.py \
	tests/system/37-failures.py \
	tests/system/37-quotas.py \
	tests/system/38-layers.py \
	tests/system/38-limits.py \
	tests/system/43-proxy.py \
	tests/system/44-xclient.py \
	tests/system/46-etrn.py \
	tests/system/41-costs.py \
	tests/system/42-commit-delay.py \
	tests/system/42-extensions.py \
	tests/system/43-chunks.py \
	tests/system/44-lmtp.py \
	tests/system/50-tls.py \
	tests/system/51-keysrvr.py \
	tests/system/55-pace.py \
	tests/system/57-dnslists.py \
	tests/system/58-spf.py \
	tests/system/55-tickets.py \
	tests/system/56-rehearsal.py \
	tests/system/58-greylist.py \
	tests/system/59-gate.py \
	tests/system/56-tls-clients.py \
	tests/system/74-external.py \
	tests/system/60-user.py \
	tests/system/61-auth.py \
	tests/system/62-auth-owned.py \
	tests/system/68-guesses.py \
	tests/system/61-backends.py \
	tests/system/57-tls-floods.py \
	tests/system/62-backends.py \
	tests/system/68-mechanisms.py \
	tests/system/69-knowers.py \
	tests/system/58-certificates.py \
	tests/system/70-slow-attackers.py \
	tests/system/71-surplus.py \
	tests/system/75-unit.py \
	tests/system/77-secrets.py \
	tests/system/72-idle.py \
	tests/system/73-hostile-shapes.py \
	tests/system/74-crowded-prefix.py \
	tests/system/75-log-sink.py \
	tests/system/76-owned.py
check_PROGRAMS += tests/costs/messages
tests_costs_messages_SOURCES = tests/costs/messages.c
tests_costs_messages_LDADD = $(SESSION_LIBS)
EXTRA_DIST += tests/costs/costs.txt
dist_check_SCRIPTS += $(lint_tests) tests/talk.py $(system_tests)
talks = \
	tests/talks/10-greeting.talk tests/talks/11-hello.talk \
	tests/talks/12-message.talk tests/talks/13-sequence.talk \
	tests/talks/14-small-verbs.talk tests/talks/15-unknown.talk \
	tests/talks/16-errors.talk tests/talks/17-off.talk \
	tests/talks/18-plain.talk tests/talks/20-lines.talk \
	tests/talks/21-short-lines.talk tests/talks/22-addresses.talk \
	tests/talks/23-parameters.talk tests/talks/24-recipients.talk \
	tests/talks/25-pipelining.talk tests/talks/26-many-commands.talk \
	tests/talks/27-data.talk tests/talks/28-defer.talk \
	tests/talks/29-policy.talk tests/talks/30-dsn.talk \
	tests/talks/40-chunks.talk tests/talks/41-chunks-limits.talk \
	tests/talks/42-chunks-off.talk tests/talks/44-lmtp.talk \
	tests/talks/44-xclient.talk tests/talks/45-xclient-others.talk \
	tests/talks/46-etrn.talk \
	tests/talks/50-rfc.talk tests/talks/51-rfc-extensions.talk \
	tests/talks/31-times.talk tests/talks/32-utf8.talk
# With $(srcdir), or make dist would make the target check.
dist_check_SCRIPTS += tests/long/g21-defects.py
TESTS += tests/long/g21-defects.py
dist_check_SCRIPTS += tests/long/g18-dialogues.py
TESTS += tests/long/g18-dialogues.py
EXTRA_DIST += tests/long/g18-differences.txt
EXTRA_DIST += tests/system/backends.py tests/system/attackers.py \
	tests/long/g40-soak.py tests/rfc
EXTRA_DIST += tests/system/behind.py
EXTRA_DIST += tests/harness.py tests/journal.py tests/pp.py $(talks) \
	tests/peers.sh tests/system/authpeer.py tests/system/secured.py \
	tests/system/unitlike.py \
	tests/long/login-times.py \
	tests/long/scorecard tests/long/scorecard.txt tests/long/ledger.txt \
	$(srcdir)/tests/long/defects \
	tests/long/g07-space.py tests/long/g08-many.py \
	tests/long/g10-dot.py tests/long/g20-coverage.py \
	tests/long/g24-sessions.py tests/long/analysis.sh \
	tests/long/cppcheck.txt .clang-tidy \
	$(srcdir)/check run .ci/run build-aux/prepare.sh build-aux/splice.sh \
	tests/lint/lint.sh tests/lint/layers.txt tests/lint/names.txt \
	tests/lint/untested.txt
include tests/fuzz/local.mk
