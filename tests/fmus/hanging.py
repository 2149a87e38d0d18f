"""A slave that does not come back from a step."""

import time

from early_stop import EarlyStop

HANGS_AT_STEP = 3


class Hanging(EarlyStop):
    def do_step(self, current_time, step_size):
        self.steps += 1
        if self.steps == HANGS_AT_STEP:
            time.sleep(600.0)
        return True
