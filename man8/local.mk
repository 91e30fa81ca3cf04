# man8
dist_man_MANS += man8/inlet-authsrvr.8 man8/inlet-keysrvr.8 man8/inlet-lookup.8 man8/inlet-logger.8
dist_man_MANS += man8/tailor.8
dist_man_MANS += man8/inlet.8
dist_man_MANS += man8/deliver.8 man8/ch_local.8 man8/ch_pipe.8 man8/inlet-channel.8
dist_man_MANS += man8/ch_smtp.8 man8/ch_lmtp.8
dist_man_MANS += man8/dbmbuild.8 man8/dbmlist.8
dist_man_MANS += man8/submit.8
dist_man_MANS += man8/smtpd.8 man8/smtpsrvr.8
dist_man_MANS += man8/inlet-authworker.8
