"""Settings of the test process that must be made before anything loads torch."""

import os

# OpenMP's threads spin while they wait; beside other work on the same cores training tests take ten times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
