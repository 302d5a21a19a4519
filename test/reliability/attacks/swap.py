"""Run as the user of a JVM: while its recording is there, swaps it with a link to a file of somebody else's, as fast
as it goes.  swap.py DIRECTORY FILE SECONDS  prints how often it swapped."""

import os
import sys
import time

directory, victim, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
recording = directory + "/recording.jfr"
kept = directory + "/kept"
link = directory + "/link"
swaps = 0
end = time.monotonic() + seconds
while time.monotonic() < end:
    try:
        os.symlink(victim, link)
        os.rename(recording, kept)
        os.rename(link, recording)
        os.rename(kept, recording)
        swaps += 1
    except FileExistsError:
        os.unlink(link)
    except OSError:
        # Not there yet, or taken away already.
        time.sleep(0.001)
print(swaps)
