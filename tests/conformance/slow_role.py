"""The role `slow-import`: a Handler whose module takes longer to load than Kapacitor waits."""

import os
import time

from kapnb.handler import Handler

time.sleep(2 * float(os.environ.get("KAPNB_CASE_TIMEOUT", "3")))


class SlowImport(Handler):
    pass
