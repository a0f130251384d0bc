# SPDX-License-Identifier: Apache-2.0
"""Truth about the end: whoever ends whatever at whatever moment, a pod's exit code says what happened.

Each row of LEADER and FOLLOWER is one run: an instance is brought to `state`, then `event` happens to the leader's or
the follower's pod. The program runs in mode launcher, so its end is not mixed with a job's. The grace is 6 s: a third of
it, 2 s, is what a program and a follower's hold may take.
"""
import signal

import pytest
from muster_testing import DEADLINE, wait_until
from pods import MUSTER_BIN

GRACE = 6
# After a request to stop everything is over within the grace; the rest is for a loaded machine. (A broker that nobody ends in
# order says goodbye for 60 s.)
STOPPED_WITHIN = GRACE + 14
TERM, INT, KILL = "SIGTERM to PID 1", "SIGINT to PID 1", "SIGKILL of the broker"
EXIT = "the program exits"

RUNS = "echo program-runs; "
UNTIL_TOLD = RUNS + "until [ -e /tmp/end ]; do sleep 0.05; done; exit 5"
FOREVER = RUNS + "exec sleep 600"
DEAF = RUNS + "trap '' HUP TERM; while :; do sleep 0.2; done"
DOES_NOT_RUN = RUNS + "exit 0"

# state, event, program: exit codes of (the leader, the follower). None: not looked at.
LEADER = [
    ("before exec", TERM, DOES_NOT_RUN, (143, None)),
    ("before exec", INT, DOES_NOT_RUN, (130, None)),
    ("before exec", KILL, DOES_NOT_RUN, (137, None)),
    ("quorum", TERM, DOES_NOT_RUN, (143, None)),
    ("quorum", INT, DOES_NOT_RUN, (130, None)),
    ("quorum", KILL, DOES_NOT_RUN, (137, None)),
    ("run", TERM, FOREVER, (143, 0)),   # the program's own end: the shim turned SIGHUP into SIGTERM
    ("run", INT, FOREVER, (143, 0)),
    ("run", KILL, FOREVER, (137, None)),
    ("run", TERM, DEAF, (137, 0)),
    ("run", INT, DEAF, (137, 0)),
    ("run", KILL, DEAF, (137, None)),
    ("run", TERM, "trap 'exit 7' TERM; " + RUNS + "while :; do sleep 0.05; done", (7, 0)),
    ("run", EXIT, UNTIL_TOLD, (5, 0)),
    ("cleanup", TERM, UNTIL_TOLD, (5, None)),
    ("cleanup", INT, UNTIL_TOLD, (5, None)),
    ("cleanup", KILL, UNTIL_TOLD, (5, None)),
]
FOLLOWER = [
    ("before exec", TERM, DOES_NOT_RUN, (None, 143)),
    ("before exec", INT, DOES_NOT_RUN, (None, 130)),
    ("before exec", KILL, DOES_NOT_RUN, (None, 137)),
    ("join", TERM, DOES_NOT_RUN, (None, 143)),
    ("join", INT, DOES_NOT_RUN, (None, 130)),
    ("quorum", TERM, DOES_NOT_RUN, (None, 143)),
    ("quorum", INT, DOES_NOT_RUN, (None, 130)),
    ("run", TERM, UNTIL_TOLD, (5, 143)),
    ("run", INT, UNTIL_TOLD, (5, 130)),
    ("cleanup", TERM, UNTIL_TOLD, (5, 0)),  # held back, and then the instance ends in order
    ("cleanup", INT, UNTIL_TOLD, (5, 0)),
]


def name_of(row):
    state, event, program, _ = row
    kind = {FOREVER: "", DEAF: "-deaf", UNTIL_TOLD: "", DOES_NOT_RUN: ""}.get(program, "-trap")
    return f"{state}-{event}{kind}".replace(" ", "_")


class Scene:
    """A leader and a follower, brought to a state."""

    def __init__(self, instance, flux, program, wait="10m"):
        self.instance, self.program = instance, program
        self.flux, self.wait, self.grace = flux, wait, GRACE
        self.leader = self.follower = None

    def pods(self, size=2, follower_flux=None, **options):
        self.leader, self.follower, *self.others = self.instance.pods(
            size, "sh", "-c", self.program, flux=self.flux, mode="launcher", grace=f"{self.grace}s", wait=self.wait, **options)
        if follower_flux:
            self.follower.env["MUSTER_FLUX"] = follower_flux

    def state_of(self, pod):
        """The broker's state, as `flux uptime` says it, or None."""
        tool = [f"{MUSTER_BIN}/muster-rehearsal"] if self.flux == "none" else [self.flux]
        words = pod.exec(*tool, "uptime", env={"FLUX_URI": "local:///run/muster/run/local"}).out.split()
        return words[1] if len(words) > 1 else None

    def wait_state(self, pod, *states):
        def look():
            assert pod.running(), f"{pod.hostname} has ended before {states}:\n{pod.log()}"
            return self.state_of(pod) in states
        wait_until(look, lambda: f"{pod.hostname} in {states}, it is in {self.state_of(pod)}:\n{self.instance.logs()}")

    def before_exec(self, role):
        """The follower has no leader to reach; the leader waits for its configuration, a pipe that nobody writes."""
        self.pods(files={"/etc/hold": {"text": READS_A_PIPE, "mode": 0o755}})
        pod = self.follower if role == "follower" else self.leader
        if role == "leader":
            pod.argv[pod.argv.index(f"{MUSTER_BIN}/muster")] = "/etc/hold"
        self.instance.cluster.start([pod])
        pod.wait_process("muster run")
        if role == "follower":
            pod.wait_log("waiting for")

    def join(self, role):
        """The follower's gates have let it through; then its leader's network vanishes, and only then its broker starts."""
        assert role == "follower", "a leader has nobody to join"
        real = "muster-rehearsal" if self.flux == "none" else self.flux
        self.pods(follower_flux="/etc/slow-flux",
                  files={"/etc/slow-flux": {"text": HOLD.format(words=f'{real} "$@"'), "mode": 0o755}})
        self.instance.cluster.start([self.leader, self.follower])
        self.follower.wait_process("slow-flux")
        self.leader.unplug()
        assert self.follower.exec("touch", "/tmp/go").code == 0
        self.wait_state(self.follower, "join")

    def quorum(self, role):
        """Two of three are there."""
        self.pods(size=3)
        self.instance.cluster.start([self.leader, self.follower])
        self.wait_state(self.leader, "quorum")
        self.wait_state(self.follower, "quorum")

    def run(self, role):
        self.pods()
        self.instance.cluster.start([self.leader, self.follower])
        self.leader.wait_log("program-runs$")
        self.wait_state(self.follower, "run")

    def cleanup(self, role):
        """The program has ended; the leader waits for its follower, which is frozen."""
        self.grace = 30  # a third of it must suffice for the end in order that the follower is held back for
        self.run(role)
        self.broker_of(self.follower, signal.SIGSTOP)
        assert self.leader.exec("touch", "/tmp/end").code == 0
        self.wait_state(self.leader, "cleanup", "shutdown")

    def broker_of(self, pod, number):
        """A signal to the child of PID 1: the broker, or what is to become it."""
        found = wait_until(lambda: [p for p in pod.processes() if parent_of(p) == pod.pid], f"a child of {pod.processes()}")
        found[0].send(number)


HOLD = "#!/bin/sh\nuntil [ -e /tmp/go ]; do sleep 0.05; done\nexec {words}\n"
READS_A_PIPE = '#!/bin/sh\nmkfifo /tmp/pipe\nMUSTER_CONFIG=/tmp/pipe exec muster "$@"\n'


def parent_of(member):
    try:
        with open(f"/proc/{member.pid}/stat", encoding="utf-8") as file:
            return int(file.read().rsplit(")", 1)[1].split()[1])
    except OSError:
        return None


def happen(scene, pod, state, event):
    if event == TERM:
        pod.signal(signal.SIGTERM)
    elif event == INT:
        pod.signal(signal.SIGINT)
    elif event == KILL:
        scene.broker_of(pod, signal.SIGKILL)
    elif event == EXIT:
        assert scene.leader.exec("touch", "/tmp/end").code == 0
    if pod is scene.follower and state == "cleanup":
        scene.broker_of(pod, signal.SIGCONT)
    if pod is scene.follower and state == "run":
        assert pod.wait(STOPPED_WITHIN) is not None, scene.instance.logs()
        assert scene.leader.running(), "the instance lives on without one follower"
        assert scene.leader.exec("touch", "/tmp/end").code == 0


def check(scene, state, program, codes):
    for pod, code in zip((scene.leader, scene.follower), codes):
        if code is not None:
            assert pod.wait(DEADLINE if program == UNTIL_TOLD else STOPPED_WITHIN) == code, \
                f"{pod.hostname}: {scene.instance.logs()}"
    ran = "program-runs" in scene.leader.log()
    assert ran == (state in ("run", "cleanup")), scene.instance.logs()


def play(instance, flux, role, row):
    state, event, program, codes = row
    scene = Scene(instance, flux, program)
    getattr(scene, state.replace(" ", "_"))(role)
    happen(scene, scene.leader if role == "leader" else scene.follower, state, event)
    check(scene, state, program, codes)


@pytest.mark.parametrize("row", LEADER, ids=name_of)
def test_leader(instance, flux, row):
    play(instance, flux, "leader", row)


@pytest.mark.parametrize("row", FOLLOWER, ids=name_of)
def test_follower(instance, flux, row):
    play(instance, flux, "follower", row)


def test_a_followers_broker_killed_in_join_is_started_again(instance, flux):
    scene = Scene(instance, flux, DOES_NOT_RUN)
    scene.join("follower")
    first = [p.pid for p in scene.follower.processes() if parent_of(p) == scene.follower.pid]
    scene.broker_of(scene.follower, signal.SIGKILL)
    wait_until(lambda: scene.follower.running() and [
        p for p in scene.follower.processes() if parent_of(p) == scene.follower.pid and p.pid not in first], "another life")
    scene.follower.signal(signal.SIGTERM)
    assert scene.follower.wait(STOPPED_WITHIN) == 143, instance.logs()


def test_a_followers_broker_killed_in_quorum_comes_back(instance, flux):
    scene = Scene(instance, flux, DOES_NOT_RUN)
    scene.quorum("follower")
    scene.broker_of(scene.follower, signal.SIGKILL)
    scene.follower.wait_log("again")
    instance.cluster.start(scene.others)
    assert [pod.wait() for pod in (scene.leader, scene.follower, *scene.others)] == [0, 0, 0], instance.logs()


def test_a_followers_broker_killed_in_run_comes_back(instance, flux):
    scene = Scene(instance, flux, UNTIL_TOLD)
    scene.run("follower")
    scene.broker_of(scene.follower, signal.SIGKILL)
    scene.follower.wait_log("again")
    scene.wait_state(scene.follower, "run")
    assert scene.leader.exec("touch", "/tmp/end").code == 0
    assert (scene.leader.wait(), scene.follower.wait()) == (5, 0), instance.logs()


def test_a_followers_broker_killed_in_cleanup_finds_no_leader_any_more(instance, flux):
    """It starts again, and then its gates say that nobody is there: no 0, and no end of waiting either."""
    scene = Scene(instance, flux, UNTIL_TOLD, wait="8s")
    scene.cleanup("follower")
    scene.broker_of(scene.follower, signal.SIGKILL)
    assert scene.leader.wait() == 5, instance.logs()
    instance.cluster.withdraw(scene.leader)
    scene.leader.delete()
    assert scene.follower.wait() in (68, 69), instance.logs()


@pytest.mark.parametrize("program, code", [(FOREVER, 143), (DEAF, 137)], ids=["", "deaf"])
def test_all_pods_stopped_at_once(instance, flux, program, code):
    """The followers hold back until the leader has ended the instance in order, and so end with 0."""
    scene = Scene(instance, flux, program)
    scene.run("leader")
    for pod in (scene.leader, scene.follower):
        pod.signal(signal.SIGTERM)
    assert scene.leader.wait(STOPPED_WITHIN) == code, instance.logs()
    assert scene.follower.wait(STOPPED_WITHIN) in (0, 143), instance.logs()


def test_a_leaders_broker_that_is_killed_is_not_the_programs_end(instance, flux):
    """Mode submit: the submitting command has lost its broker and ends with 1, which the program never said."""
    leader, follower = instance.start(2, "sh", "-c", "echo program-runs; exec sleep 600", flux=flux, grace=f"{GRACE}s")
    for pod in (leader, follower):
        pod.wait_process("^sleep 600")
    scene = Scene(instance, flux, FOREVER)
    scene.broker_of(leader, signal.SIGKILL)
    assert leader.wait() == 137, instance.logs()
    assert "the leader's broker was killed" in leader.log() and "its own status" not in leader.log(), leader.log()
    follower.delete()


def test_a_lost_followers_program_has_not_ended_of_itself(instance, flux):
    """Mode submit: the controller reads it, and starts the program anew with the lost pod's replacement."""
    leader, follower = instance.start(2, "sh", "-c", "echo program-runs; exec sleep 600", flux=flux, grace=f"{GRACE}s")
    for pod in (leader, follower):
        pod.wait_process("^sleep 600")
    Scene(instance, flux, FOREVER).broker_of(follower, signal.SIGKILL)
    assert leader.wait() == 143, instance.logs()
    assert "exit code 143: rank 1 (" in leader.log() and "was lost while the program ran" in leader.log(), leader.log()
    follower.delete()


def test_a_job_that_runs_when_all_pods_are_stopped(instance, flux):
    """Mode submit, a task on every node: the submitting command ends by the shim's SIGTERM."""
    pods = instance.start(4, "sh", "-c", "echo program-runs; exec sleep 600", flux=flux, grace=f"{2 * GRACE}s")
    for pod in pods:
        pod.wait_process("^sleep 600")
    for pod in pods:
        pod.signal(signal.SIGTERM)
    codes = [pod.wait(GRACE + STOPPED_WITHIN) for pod in pods]
    assert codes[0] == 143 and set(codes[1:]) <= {0, 143}, instance.logs()
