"""Build the co-simulation FMU of a machine: ``python build_fmu.py [machine] [-o file.fmu]``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "fmu_src"))

from heatpump_twin.fmu.build import main

if __name__ == "__main__":
    sys.exit(main())
