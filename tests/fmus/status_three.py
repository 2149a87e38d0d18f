"""A slave with the vocabulary whose third answer is a held one, and whose process may be ended."""

import os

from early_stop import EarlyStop

END_PROCESS_AT_SPEED = 2.0


class StatusThree(EarlyStop):
    def status(self):
        return 3 if self.steps == 3 else 1

    def do_step(self, current_time, step_size):
        self.steps += 1
        if self.values["compressor_speed"] == END_PROCESS_AT_SPEED:
            os._exit(7)
        return True
