"""What pythonfmu loads inside the host; the slave itself is in `heat_pump_slave`.

pythonfmu's library executes this file anew for each instance and keeps every class that it defines,
so it defines none.
"""

import heat_pump_slave
from heat_pump_slave import HeatPumpSlave as HeatPumpSlave

# Each time the library also lets go of this module's dictionary, which it does not own. So each
# time one is added to those who hold it, or it would be gone after a few instances.
vars(heat_pump_slave).setdefault("held_for_pythonfmu", []).append(globals())
