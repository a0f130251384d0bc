# SPDX-License-Identifier: Apache-2.0
"""Starts one process as PID 1 of a pod: own net, mount, uts, ipc and pid namespaces, its own root file
system, the capabilities of a container. `pods.py` writes the specification and starts this program:

    python3 -I -S pod_launcher.py STATUS-FD SPECIFICATION.json      a pod
    python3 -I -S pod_launcher.py STATUS-FD cluster                 the network that the pods share

On STATUS-FD it says `pid N` (N as the host sees it), `failed WHY`, and at last `exit N` or `signal N`.
Every namespace here is anonymous: when these processes end, so do the namespaces and what is in them,
and they end when the test process does (PR_SET_PDEATHSIG), however it ends.
Linux mount(2), pivot_root(2), namespaces(7), capabilities(7).
"""
import ctypes
import json
import os
import platform
import signal
import socket
import subprocess
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWPID, CLONE_NEWNET = 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = (
    1, 2, 4, 8, 32, 4096, 16384, 1 << 18)
MNT_DETACH = 2
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 24, 38
SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}[platform.machine()]
# What container runtimes leave to root: chown, dac_override, fowner, fsetid, kill, setgid, setuid, setpcap,
# net_bind_service, net_raw, sys_chroot, mknod, audit_write, setfcap.
CONTAINER_CAPABILITIES = {0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31}


def check(result, what):
    """Raises OSError with `what` when a libc call failed."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def die_with_parent():
    check(LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl(PR_SET_PDEATHSIG)")


def mount(source, target, kind=None, flags=0, data=None):
    encode = lambda text: None if text is None else os.fsencode(text)
    check(LIBC.mount(encode(source), encode(target), encode(kind), ctypes.c_ulong(flags), encode(data)),
          f"mount {source} on {target}")


def ip_batch(commands, namespace=None):
    """Runs `ip -batch` in this network namespace, or in the one that the descriptor `namespace` refers to."""
    enter = None if namespace is None else lambda: check(LIBC.setns(namespace, CLONE_NEWNET), "setns")
    done = subprocess.run(["ip", "-batch", "-"], input="\n".join(commands), text=True, preexec_fn=enter,
                          capture_output=True)
    if done.returncode:
        raise OSError(0, f"ip: {done.stderr.strip()}")


def make_network(spec):
    """eth0 here, its other end on the cluster's bridge."""
    cluster = os.open(f"/proc/{spec['cluster_pid']}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    # By the address, as CNI's bridge did: who comes back under his address is not looked for behind a stale neighbour entry.
    first = spec["addresses"][0]
    number = socket.inet_pton(socket.AF_INET6 if ":" in first else socket.AF_INET, first)[-4:]
    hardware = ":".join(f"{byte:02x}" for byte in b"\x0a\x58" + number)
    ip_batch([f"link add {spec['veth']} type veth peer name eth0 address {hardware} netns {os.getpid()}",
              f"link set {spec['veth']} master cluster0 up"], namespace=cluster)
    # nodad: an IPv6 address can be used at once, as when the runtime has waited for it.
    lengths = {address: "64 dev eth0 nodad" if ":" in address else "16 dev eth0" for address in spec["addresses"]}
    ip_batch(["link set lo up", *(f"addr add {address}/{length}" for address, length in lengths.items()),
              "link set eth0 up", *(f"route add default via {gateway}" for gateway in spec["gateways"])])
    os.close(cluster)


def bind(root, source, target, read_only):
    place = root + target
    if os.path.isdir(source):
        os.makedirs(place, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(place), exist_ok=True)
        open(place, "ab").close()
    mount(source, place, flags=MS_BIND | MS_REC)
    if read_only:
        mount(None, place, flags=MS_BIND | MS_REMOUNT | MS_RDONLY)


def make_root(spec):
    """A fresh root on a tmpfs: the host's /usr, a few files in /etc, devices, and what the test asks for."""
    root = spec["root"]
    mount("pod", root, "tmpfs", MS_NODEV, "mode=0755")
    for name in ("etc", "proc", "sys", "dev", "run", "tmp", "var/tmp", "root"):
        os.makedirs(f"{root}/{name}", exist_ok=True)
    os.chmod(f"{root}/tmp", 0o1777)
    os.chmod(f"{root}/var/tmp", 0o1777)
    bind(root, "/usr", "/usr", True)
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        if os.path.islink(f"/{name}"):
            os.symlink(os.readlink(f"/{name}"), f"{root}/{name}")
        elif os.path.isdir(f"/{name}"):
            bind(root, f"/{name}", f"/{name}", True)
    for name in ("/etc/ld.so.cache", "/etc/alternatives"):
        if os.path.exists(name):
            bind(root, name, name, True)
    mount("tmpfs", f"{root}/dev", "tmpfs", MS_NOSUID, "mode=0755")
    for name in ("null", "zero", "full", "random", "urandom", "tty"):
        bind(root, f"/dev/{name}", f"/dev/{name}", False)
    os.mkdir(f"{root}/dev/shm")
    mount("tmpfs", f"{root}/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777")
    os.symlink("/proc/self/fd", f"{root}/dev/fd")
    mount("sysfs", f"{root}/sys", "sysfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)
    for place, options in spec["tmpfs"]:
        os.makedirs(root + place, exist_ok=True)
        mount("tmpfs", root + place, "tmpfs", MS_NOSUID | MS_NODEV, options)
    for source, target, read_only in spec["binds"]:
        bind(root, source, target, read_only)
    write_files(root, spec["files"])
    for place, files in spec["secrets"].items():
        os.makedirs(root + place, exist_ok=True)
        mount("tmpfs", root + place, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755")
        write_files(root + place, files)
        mount(None, root + place, flags=MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV)


def write_files(place, files):
    for path, entry in files.items():
        path = f"{place}/{path}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(entry["text"])
        os.chmod(path, entry.get("mode", 0o644))
        os.chown(path, entry.get("uid", 0), entry.get("gid", 0))


def enter_root(spec):
    """As PID 1 of the new pid namespace: /proc, the new root in place of the old, capabilities, identity."""
    root = spec["root"]
    mount("proc", f"{root}/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    os.chdir(root)
    check(LIBC.syscall(SYS_PIVOT_ROOT, b".", b"."), "pivot_root")
    check(LIBC.umount2(b".", MNT_DETACH), "umount old root")
    if spec["read_only"]:
        mount(None, "/", flags=MS_REMOUNT | MS_BIND | MS_RDONLY)
    os.chdir(spec["cwd"])
    for capability in range(64):
        if capability not in CONTAINER_CAPABILITIES:
            LIBC.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    check(LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl(PR_SET_NO_NEW_PRIVS)")
    os.setgroups([])
    os.setresgid(spec["gid"], spec["gid"], spec["gid"])
    os.setresuid(spec["uid"], spec["uid"], spec["uid"])


def exec_program(spec, log):
    os.setsid()
    null = os.open("/dev/null", os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    for number in (signal.SIGPIPE, signal.SIGINT, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    die_with_parent()
    os.execvpe(spec["argv"][0], spec["argv"], spec["env"])


def run_pod(spec, say):
    log = os.open(spec["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    check(LIBC.unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC), "unshare")
    mount("none", "/", flags=MS_REC | MS_PRIVATE)
    make_network(spec)
    socket.sethostname(spec["hostname"])
    make_root(spec)
    check(LIBC.unshare(CLONE_NEWPID), "unshare pid")
    trouble, report = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid == 0:
        try:
            die_with_parent()
            enter_root(spec)
            exec_program(spec, log)
        except OSError as error:
            os.write(log, f"pod: {spec['argv'][0]}: {error}\n".encode())
            os.write(report, str(error).encode())
        os._exit(128)
    os.close(report)
    os.close(log)
    why = os.read(trouble, 4096).decode()
    say(f"failed {why}" if why else f"pid {pid}")
    _, status = os.waitpid(pid, 0)
    say(f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"exit {os.WEXITSTATUS(status)}")


def run_cluster(say):
    check(LIBC.unshare(CLONE_NEWNET), "unshare")
    # A bridge without an address of its own takes a port's, and changes it when that pod goes away.
    ip_batch(["link set lo up", "link add cluster0 address 02:00:0a:4d:00:01 type bridge forward_delay 0",
              "addr add 10.77.0.1/16 dev cluster0", "link set cluster0 up"])
    say(f"pid {os.getpid()}")
    while True:
        signal.pause()


def main():
    status = int(sys.argv[1])
    os.set_inheritable(status, False)
    die_with_parent()
    say = lambda line: os.write(status, (line + "\n").encode())
    try:
        if sys.argv[2] == "cluster":
            run_cluster(say)
        else:
            with open(sys.argv[2], encoding="utf-8") as file:
                spec = json.load(file)
            run_pod(spec, say)
    except OSError as error:
        say(f"failed {error}")
        sys.exit(1)


if __name__ == "__main__":
    main()
