# man5
dist_man_MANS += man5/inlet.conf.5
dist_man_MANS += man5/inlet-authorise.5
dist_man_MANS += man5/inlet-passwords.5
dist_man_MANS += man5/inlet-tables.5
dist_man_MANS += man5/inlet-queue.5
