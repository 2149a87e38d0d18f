"""What pythonfmu loads inside the host; the slave itself is in `heatpump_twin.fmu.slave`.

pythonfmu's library executes this file anew for each instance and keeps every class that it defines,
so it defines none.
"""

import ctypes

from heatpump_twin.fmu.slave import HeatPumpSlave as HeatPumpSlave

# Each time the library also gives back a reference to this module's dictionary that it never took.
# So each time one is taken for it, outside of any object: objects go when Python ends, and the
# dictionary would with them, before the module that uses it.
ctypes.pythonapi.Py_IncRef(ctypes.py_object(globals()))
