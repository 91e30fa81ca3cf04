# authsrvr: who may log in
noinst_HEADERS += authsrvr/worker.h
