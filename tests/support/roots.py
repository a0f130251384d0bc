# SPDX-License-Identifier: Apache-2.0
"""Root directories that have little of this system: what runs in one brings its own, or has a busybox and musl."""
import os
import pathlib
import shutil
import stat
import subprocess

BUSYBOX = "/bin/busybox"
MUSL = pathlib.Path("/lib/ld-musl-x86_64.so.1")
DEVICES = {"null": (1, 3), "zero": (1, 5), "urandom": (1, 9)}  # which every container has
ENTER = ('mount -t proc proc "$1/proc"; root=$1; shift; '
         'exec chroot --userspec="$USERSPEC" "$root" "$@"')


def empty_root(root):
    """A root with places to mount on and to write to, and nothing to run."""
    for name in ("proc", "dev", "tmp", "var/tmp"):
        (root / name).mkdir(parents=True)
    for name in ("tmp", "var/tmp"):
        (root / name).chmod(0o1777)
    for name, numbers in DEVICES.items():
        os.mknod(root / "dev" / name, 0o666 | stat.S_IFCHR, os.makedev(*numbers))
        (root / "dev" / name).chmod(0o666)
    return root


def hello_root(root, scratch):
    """A root with musl and /hello, a program that needs musl's loader and says its rank; `scratch` takes its source."""
    (root / "lib").mkdir(parents=True)
    shutil.copy(MUSL, root / "lib" / MUSL.name)
    source = scratch / "hello.c"
    source.write_text('#include <stdio.h>\n#include <stdlib.h>\n'
                      'int main(void) { printf("hello from %s\\n", getenv("FLUX_TASK_RANK")); return 0; }\n')
    subprocess.run(["musl-gcc", "-o", root / "hello", source], check=True)
    return root


def musl_root(root, bench, *applets):
    """An empty root with a static busybox, musl, and /hello."""
    hello_root(empty_root(root), bench.directory)
    (root / "bin").mkdir()
    shutil.copy(BUSYBOX, root / "bin" / "busybox")
    for applet in ("sh", *applets):
        (root / "bin" / applet).symlink_to("busybox")
    return root


def run_in(bench, root, *argv, uid=0, env=None):
    """Runs argv in `root` with a /proc, as nobody else sees it."""
    return bench.run("unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-ec", ENTER, "sh", root, *argv,
                     env={"USERSPEC": f"{uid}:{uid}", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **(env or {})})
