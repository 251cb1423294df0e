"""Signals that come while code is compiled."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes end in other ways there")

TOLD_INSIDE = """
import signal, sys, time, types
from bandwise.interrupts import end_when_told

signal.signal(signal.SIGINT, signal.default_int_handler)  # wherever the tests run
end_when_told()
compiler = types.ModuleType("llvmlite.binding")
exec('''
import signal
def call_back(number):
    signal.raise_signal(number)
    print("came back", flush=True)
''', compiler.__dict__)
compiler.call_back(signal.{signal})
try:
    time.sleep(30)
    print("slept on", flush=True)
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize(("signal", "status"), [("SIGTERM", 143), ("SIGINT", 130)])
def test_who_is_told_while_code_is_compiled_ends_when_that_is_done(signal, status):
    """A callback of the compiler runs to its end, where an exception would be lost; then the process ends.

    It wakes for that where it waits for something else.
    """
    done = subprocess.run(
        [sys.executable, "-c", TOLD_INSIDE.format(signal=signal)],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert (done.returncode, done.stdout) == (status, "came back\n"), done.stderr
