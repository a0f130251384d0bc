#!/usr/bin/python3 -SsE
# SPDX-License-Identifier: Apache-2.0
"""Speaks the process contract to muster-init as `muster run` and a broker would, after a plan.

fake_agent.py run DIR: DIR/plan.json is a list of lives; the last is repeated. A life:
    exit      the agent ends with this code instead of becoming a broker
    gates     the agent waits in its gates until it is signalled ("stubborn": and blocks SIGTERM there, then goes on)
    role      "leader" or "follower"; line: the text for the pipe instead of the role's usual line
    missing   the broker's program does not exist: the agent ends with 127 after its line
    broker    ends: at once with this code; kills: with this signal; else it waits for DIR/control (a FIFO: "exit N")
              term: its code after a stop signal (0); deaf: it blocks them; slow: it ends only when told, and counts them
              program: the leader's program, run under `muster-init program`; it gets SIGHUP at a stop; its end is the broker's
explain: appended to DIR/log like everything else; DIR/explain: it hangs. With --tail its stdin goes to DIR/tail.N; it says a line.
Every event is a line of DIR/log.
"""
import json
import os
import signal
import subprocess
import sys


def log(directory, *words):
    with open(os.path.join(directory, "log"), "a", encoding="utf-8", buffering=1) as file:
        file.write(" ".join(map(str, words)) + "\n")


def explain(directory, arguments):
    log(directory, "explain", *arguments)
    if "--tail" in arguments:
        count = sum(name.startswith("tail.") for name in os.listdir(directory))
        with open(os.path.join(directory, f"tail.{count}"), "wb") as file:
            file.write(sys.stdin.buffer.read())
        os.write(2, b"fake agent: explained\n")
    if os.path.exists(os.path.join(directory, "explain")):
        signal.pause()
    sys.exit(0)


def run(directory):
    with open(os.path.join(directory, "plan.json"), encoding="utf-8") as file:
        plan = json.load(file)
    with open(os.path.join(directory, "lives"), "a+", encoding="utf-8") as file:
        file.write("x")
        file.flush()
        number = os.path.getsize(file.name)
    life = plan[min(number, len(plan)) - 1]
    pipe = int(os.environ.pop("MUSTER_INIT_FD"))
    os.set_inheritable(pipe, False)
    os.environ["FAKE_AGENT_DIR"] = directory
    gates = life.get("gates")
    if gates == "stubborn":
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    log(directory, "agent", number, os.getpid())
    if gates == "stubborn":
        log(directory, "agent got", signal.sigwait([signal.SIGTERM]))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    elif gates:
        signal.pause()
    if "exit" in life:
        sys.exit(life["exit"])
    line = life.get("line", f"leader {directory}/program.status\n" if life["role"] == "leader" else f"follower {directory}/leaving\n")
    os.write(pipe, line.encode())
    if life.get("missing"):
        sys.exit(127)
    os.execv(sys.executable, [sys.executable, "-SsE", __file__, "broker", directory, json.dumps(life.get("broker", {}))])


def broker(directory, life):
    stops = [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP]
    others = [signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH, signal.SIGALRM]
    control = os.open(os.path.join(directory, "control"), os.O_RDWR | os.O_NONBLOCK)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [*stops, *others, signal.SIGCHLD, signal.SIGIO])
    # The FIFO announces itself with SIGIO, so that there is one place to wait.
    import fcntl
    fcntl.fcntl(control, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(control, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
    program = None
    if "program" in life:
        program = subprocess.Popen(life["program"], preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_SETMASK, before))
    log(directory, "broker", os.getpid())
    if "ends" in life:
        sys.exit(life["ends"])
    if "kills" in life:
        os.kill(os.getpid(), life["kills"])
    while True:
        number = signal.sigwait([*stops, *others, signal.SIGCHLD, signal.SIGIO])
        if number == signal.SIGCHLD and program and program.poll() is not None:
            log(directory, "program ended", program.returncode)
            sys.exit(program.returncode % 256)
        if number == signal.SIGIO:
            for word in os.read(control, 100).decode().splitlines():
                sys.exit(int(word.split()[1]))
        if number in stops or number in others:
            log(directory, "broker got", int(number))
        if number in stops and program:
            program.send_signal(signal.SIGHUP)
        elif number in stops and not life.get("slow") and not life.get("deaf"):
            sys.exit(life.get("term", 0))


if __name__ == "__main__":
    if sys.argv[1] == "run":
        run(sys.argv[2])
    elif sys.argv[1] == "broker":
        broker(sys.argv[2], json.loads(sys.argv[3]))
    elif sys.argv[1] == "explain":
        explain(os.environ["FAKE_AGENT_EXPLAIN"], sys.argv[2:])
    sys.exit(64)
