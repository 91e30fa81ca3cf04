#!/usr/bin/env python3
"""As 48-orders.py, with the entries in the journal."""

import os
import runpy
import sys

os.environ["INLET_STORE"] = "journal"
here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, here)
runpy.run_path(os.path.join(here, "48-orders.py"), run_name="__main__")
