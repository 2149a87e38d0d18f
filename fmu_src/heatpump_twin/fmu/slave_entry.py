"""What pythonfmu loads inside the host; the slave itself is in `heatpump_twin.fmu.slave`.

pythonfmu's library executes this file anew for each instance and keeps every class that it defines,
so it defines none.
"""

import ctypes

from heatpump_twin.fmu.slave import TespySlave as TespySlave

# For each instance the library releases a reference to this module's dictionary that it does not
# own. So one reference is added here. No Python object holds it: objects are released when Python
# ends, and then the dictionary would be freed before the module that uses it.
ctypes.pythonapi.Py_IncRef(ctypes.py_object(globals()))
