# man1
dist_man_MANS += man1/inlet-sendmail.1
