"""Sends requests to a port and says how many were answered as expected."""

import sys
import urllib.request

port, requests, expected = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
good = 0
for _ in range(requests):
    with urllib.request.urlopen("http://127.0.0.1:%d/" % port, timeout=10) as answer:
        good += answer.read().decode() == expected

print("%d of %d answers were right" % (good, requests))
sys.exit(0 if good == requests else 1)
