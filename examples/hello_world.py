import sys
import time

SLEEP_DELAY = 0.2


def main(argv):
    for i in range(5):
        print("Hello world! The time is now: %s. Sleeping for %s secs" % (time.asctime(), SLEEP_DELAY))
        sys.stdout.flush()
        time.sleep(SLEEP_DELAY)


if __name__ == "__main__":
    main(sys.argv)
