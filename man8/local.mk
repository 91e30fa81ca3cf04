# man8
