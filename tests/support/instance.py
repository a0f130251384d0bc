# SPDX-License-Identifier: Apache-2.0
"""An instance of muster in pods."""
from muster_testing import remember_secrets
from pods import CERTIFICATE, MUSTER_BIN

MUSTER_RUN = [f"{MUSTER_BIN}/muster-init", "--", f"{MUSTER_BIN}/muster", "run"]


class Instance:
    """Pods of one Indexed Job whose entrypoint is muster-init."""

    def __init__(self, cluster, bench):
        self.cluster, self.bench = cluster, bench
        certificate = cluster.scratch / "curve.cert"
        done = bench.muster("keygen", certificate)
        assert done.code == 0, done
        cluster.certificate = remember_secrets(certificate)

    def pods(self, size, *command, flux="none", uid=0, read_only=False, files=None, run=(), **settings):
        """`size` pods, not started. settings: topology="kary:2" becomes MUSTER_TOPOLOGY; run: more arguments."""
        env = {"MUSTER_SIZE": size, "MUSTER_SERVICE": "muster", "MUSTER_CERT": CERTIFICATE, "MUSTER_FLUX": flux,
               **{f"MUSTER_{name.upper()}": value for name, value in settings.items()}}
        argv = [*MUSTER_RUN, *run, *(["--", *command] if command else [])]
        return [self.cluster.pod(n, argv, env=env, uid=uid, read_only=read_only, files=files) for n in range(size)]

    def start(self, size, *command, **options):
        """The same, started and published together."""
        pods = self.pods(size, *command, **options)
        self.cluster.start(pods)
        return pods

    def logs(self):
        """Everything that every pod said, for the message of a failed assertion."""
        return "\n".join(f"=== {pod.hostname}\n{pod.log()}" for pod in self.cluster.pods)
