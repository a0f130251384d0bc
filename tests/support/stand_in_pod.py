# SPDX-License-Identifier: Apache-2.0
"""A pod's process as `muster up` sees it, without muster-init, muster and a broker: it logs as a broker does, the leader
runs the command once every pod of the instance is there, and ends as it ended; the followers end with the leader.

STAND_IN in the environment changes single ranks, as JSON: {"2": {"exit": 78}}. Keys of a rank:
    exit       ends with this code before it comes online
    die        the same by this signal
    lines      lines to print to stderr when it begins
    leave      once the instance has formed it ends with this code; negative: by that signal
    stop_code  ends with this code when it is stopped
    deaf       true: ignores every request to stop, and the end of the leader
    daemon     true: leaves a process in a session of its own behind
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

rank, size = int(os.environ["MUSTER_RANK"]), int(os.environ["MUSTER_SIZE"])
instance = pathlib.Path(os.environ["MUSTER_DIR"]).parent
mine = json.loads(os.environ.get("STAND_IN", "{}")).get(str(rank), {})
quorum = int(os.environ.get("MUSTER_MIN_SIZE", size))


def log(text, level=6, name="info"):
    print(f"<{level}>broker.{name}[{rank}]: {text}", file=sys.stderr, flush=True)


def wait_for(condition):
    while not condition():
        time.sleep(0.005)


def on_stop(number, _):
    (instance / f"stopped-{rank}").write_text(str(number))
    if not mine.get("deaf"):
        if program:
            program.kill()
        if rank == 0:
            (instance / "over").touch()
        log("shutdown: run->cleanup")
        os._exit(mine.get("stop_code", 128 + number if rank == 0 else 0))


program = None
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
    signal.signal(number, on_stop)
if mine.get("daemon"):
    subprocess.Popen(["sleep", "600"], start_new_session=True)
for line in mine.get("lines", []):
    print(line, file=sys.stderr, flush=True)
if "exit" in mine:
    sys.exit(mine["exit"])
if "die" in mine:
    os.kill(os.getpid(), mine["die"])
log("builtins-success: load-builtins->join 9.1ms")
log("rc1-success: init->quorum 0.01s")
(instance / f"ready-{rank}").touch()
if rank > 0:
    if "leave" in mine:
        wait_for((instance / "formed").exists)
        if mine["leave"] < 0:
            os.kill(os.getpid(), -mine["leave"])
        sys.exit(mine["leave"])
    wait_for(lambda: not mine.get("deaf") and (instance / "over").exists())
    sys.exit(0)
wait_for(lambda: len(list(instance.glob("ready-*"))) >= quorum)
log("quorum-full: quorum->run 0.02s")
if sys.argv[1:]:
    program = subprocess.Popen(sys.argv[1:])
(instance / "formed").touch()
code = program.wait() if program else wait_for(lambda: False)
log(f"rc2.0: {sys.argv[1:]} Exited (rc={code}) 0.0s", 3, "err")
log("rc2-fail: run->cleanup 0.3s")
(instance / "over").touch()
sys.exit(code if code >= 0 else 128 - code)
