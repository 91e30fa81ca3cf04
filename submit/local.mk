# submit
inlet_PROGRAMS += submit/submit
submit_submit_SOURCES = submit/main.c
submit_submit_LDADD = submit/libsubmit.a tables/libtables.a lib/libbase.a \
	$(GDBM_LIBS) $(NETTLE_LIBS)

noinst_LIBRARIES += submit/libsubmit.a
submit_libsubmit_a_SOURCES = \
	submit/alarm.c submit/alarm.h \
	submit/asker.c submit/asker.h \
	submit/starter.c submit/starter.h \
	submit/asks.c submit/asks.h \
	submit/caller.c submit/caller.h \
	submit/commit.c submit/commit.h \
	submit/decide.c submit/decide.h \
	submit/desk.h \
	submit/dialogue.c submit/dialogue.h \
	submit/hops.c submit/hops.h \
	submit/journal.c submit/journal.h \
	submit/message.c submit/message.h \
	submit/questions.c submit/questions.h \
	submit/queue.c submit/queue.h \
	submit/recipients.c submit/recipients.h \
	submit/recover.c submit/recover.h \
	submit/results.c submit/results.h \
	submit/room.c submit/room.h \
	submit/segments.c submit/segments.h \
	submit/server.c submit/server.h \
	submit/spool.c submit/spool.h \
	submit/start.c submit/start.h \
	submit/store.c submit/store.h \
	submit/strain.c submit/strain.h

# tests: each stands on the same stage
check_PROGRAMS += tests/submit/staged
tests_submit_staged_SOURCES = tests/submit/staged.c $(submit_stage)
tests_submit_staged_LDADD = $(submit_test_libs)

submit_stage = tests/submit/stage.c tests/submit/stage.h
submit_test_libs = submit/libsubmit.a tables/libtables.a lib/libbase.a \
	$(GDBM_LIBS) $(NETTLE_LIBS)

check_PROGRAMS += tests/submit/t_asks.t
tests_submit_t_asks_t_SOURCES = tests/submit/t_asks.c tests/tap.h
tests_submit_t_asks_t_LDADD = $(submit_test_libs)
TESTS += tests/submit/t_asks.t

dist_check_SCRIPTS += tests/system/57-submission.py tests/system/58-header.py \
	tests/system/59-login-rates.py tests/system/63-auth-parameter.py
TESTS += tests/system/57-submission.py tests/system/58-header.py \
	tests/system/59-login-rates.py tests/system/63-auth-parameter.py

check_PROGRAMS += tests/submit/t_questions.t
tests_submit_t_questions_t_SOURCES = tests/submit/t_questions.c tests/tap.h
tests_submit_t_questions_t_LDADD = $(submit_test_libs)
TESTS += tests/submit/t_questions.t

check_PROGRAMS += tests/submit/t_hops.t
tests_submit_t_hops_t_SOURCES = tests/submit/t_hops.c tests/tap.h \
	$(submit_stage)
tests_submit_t_hops_t_LDADD = $(submit_test_libs)
TESTS += tests/submit/t_hops.t

check_PROGRAMS += tests/submit/t_recipients.t
tests_submit_t_recipients_t_SOURCES = tests/submit/t_recipients.c tests/tap.h \
	$(submit_stage)
tests_submit_t_recipients_t_LDADD = $(submit_test_libs)
TESTS += tests/submit/t_recipients.t

check_PROGRAMS += tests/submit/t_queue.t
tests_submit_t_queue_t_SOURCES = tests/submit/t_queue.c tests/tap.h \
	$(submit_stage)
tests_submit_t_queue_t_LDADD = $(submit_test_libs)
TESTS += tests/submit/t_queue.t

check_PROGRAMS += tests/submit/t_recover.t
tests_submit_t_recover_t_SOURCES = tests/submit/t_recover.c tests/tap.h \
	$(submit_stage)
tests_submit_t_recover_t_LDADD = $(submit_test_libs)
TESTS += tests/submit/t_recover.t

check_PROGRAMS += tests/submit/t_strain.t
tests_submit_t_strain_t_SOURCES = tests/submit/t_strain.c tests/tap.h
tests_submit_t_strain_t_LDADD = $(submit_test_libs)
TESTS += tests/submit/t_strain.t

check_PROGRAMS += tests/submit/t_room.t
tests_submit_t_room_t_SOURCES = tests/submit/t_room.c tests/tap.h \
	$(submit_stage)
tests_submit_t_room_t_LDADD = $(submit_test_libs)
TESTS += tests/submit/t_room.t

check_PROGRAMS += tests/submit/t_spool.t
tests_submit_t_spool_t_SOURCES = tests/submit/t_spool.c tests/tap.h \
	$(submit_stage)
tests_submit_t_spool_t_LDADD = $(submit_test_libs)
TESTS += tests/submit/t_spool.t

check_PROGRAMS += tests/submit/t_caller.t
tests_submit_t_caller_t_SOURCES = tests/submit/t_caller.c tests/tap.h \
	$(submit_stage)
tests_submit_t_caller_t_LDADD = $(submit_test_libs)
TESTS += tests/submit/t_caller.t

check_PROGRAMS += tests/submit/t_decide.t
tests_submit_t_decide_t_SOURCES = tests/submit/t_decide.c tests/tap.h \
	$(submit_stage)
tests_submit_t_decide_t_LDADD = $(submit_test_libs)
TESTS += tests/submit/t_decide.t

check_PROGRAMS += tests/submit/t_dialogue.t
tests_submit_t_dialogue_t_SOURCES = tests/submit/t_dialogue.c tests/tap.h \
	$(submit_stage)
tests_submit_t_dialogue_t_LDADD = $(submit_test_libs)
TESTS += tests/submit/t_dialogue.t

check_PROGRAMS += tests/submit/t_commit.t
tests_submit_t_commit_t_SOURCES = tests/submit/t_commit.c tests/tap.h \
	$(submit_stage)
tests_submit_t_commit_t_LDADD = $(submit_test_libs)
TESTS += tests/submit/t_commit.t

check_PROGRAMS += tests/submit/t_journal.t
tests_submit_t_journal_t_SOURCES = tests/submit/t_journal.c tests/tap.h \
	$(submit_stage)
tests_submit_t_journal_t_LDADD = $(submit_test_libs)
TESTS += tests/submit/t_journal.t

dist_check_SCRIPTS += tests/submit/server.py
TESTS += tests/submit/server.py

# Crashes and power cuts.
check_PROGRAMS += tests/crash/disk
tests_crash_disk_SOURCES = tests/crash/disk.c
tests_crash_disk_LDADD = lib/libbase.a

check_PROGRAMS += tests/crash/killat
tests_crash_killat_SOURCES = tests/crash/killat.c
tests_crash_killat_LDADD = lib/libbase.a

EXTRA_DIST += tests/crash/submitter.py tests/crash/slowdisk.py \
	tests/crash/nosync.c tests/crash/everycall.c
dist_check_SCRIPTS += tests/crash/kills.py tests/crash/faults.py \
	tests/crash/powercut.py tests/crash/unsynced.py \
	tests/crash/states.py tests/crash/tree.py \
	tests/crash/everyfault.py tests/crash/flips.py
TESTS += tests/crash/kills.py tests/crash/faults.py \
	tests/crash/powercut.py tests/crash/unsynced.py \
	tests/crash/states.py tests/crash/tree.py \
	tests/crash/everyfault.py tests/crash/flips.py

check_PROGRAMS += tests/submit/t_results.t
tests_submit_t_results_t_SOURCES = tests/submit/t_results.c tests/tap.h
tests_submit_t_results_t_LDADD = $(submit_test_libs)
TESTS += tests/submit/t_results.t
