# man5
