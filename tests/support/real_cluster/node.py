# SPDX-License-Identifier: Apache-2.0
"""A node: containerd, kubelet and kube-proxy on a machine of its own."""
import json
import pathlib
import re

from real_cluster import cgroups, control
from real_cluster.programs import program

PAUSE = "localhost/pause:3.10"
MEMORY_FOR_IMAGES = 8 << 30
SOCKET = "/run/containerd.sock"  # the machine's own /run

CONTAINERD = """\
version = 2
root = "{directory}/containerd"
state = "/run/containerd"
[grpc]
address = "{socket}"
[plugins."io.containerd.internal.v1.opt"]
path = "/run/containerd-opt"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{pause}"
disable_apparmor = true
restrict_oom_score_adj = true
stream_server_address = "127.0.0.1"
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "{snapshotter}"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = false
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "{directory}/cni"
"""


def _memory():
    """The bytes that this machine has to give."""
    return 1024 * int(re.search(r"^MemAvailable:\s+(\d+) kB", pathlib.Path("/proc/meminfo").read_text(), re.M).group(1))


class Node:
    def __init__(self, machine, keys, number, cgroup):
        self.machine, self.keys, self.number, self.cgroup = machine, keys, number, cgroup
        self.name, self.directory = machine.name, machine.directory
        self.address, self.pods = f"10.200.0.{10 + number}", f"10.201.{number}.0/24"

    def start_containerd(self):
        """Returns when images can be imported and pods' networks made."""
        (self.directory / "cni").mkdir(exist_ok=True)
        # Routed, not bridged: the answer of a Service's pod on the same node must come back through this node's rules.
        (self.directory / "cni" / "10-pods.conflist").write_text(json.dumps({"cniVersion": "0.4.0", "name": "pods", "plugins": [
            {"type": "ptp", "ipam": {"type": "host-local", "dataDir": "/run/cni", "ranges": [[{"subnet": self.pods}]],
                                     "routes": [{"dst": "0.0.0.0/0"}]}},
            {"type": "portmap", "capabilities": {"portMappings": True}}]}))
        (self.directory / "containerd").mkdir(exist_ok=True)
        if _memory() > MEMORY_FOR_IMAGES:  # thousands of files, which some disks remove in ten seconds
            self.machine.run("mount", "-t", "tmpfs", "-o", f"size={MEMORY_FOR_IMAGES // 2}", "tmpfs", self.directory / "containerd")
        kind = self.machine.run("stat", "-f", "-c", "%T", self.directory / "containerd").strip()
        snapshotter = "native" if kind == "overlayfs" else "overlayfs"
        config = self.directory / "containerd.toml"
        config.write_text(CONTAINERD.format(directory=self.directory, socket=SOCKET, pause=PAUSE, snapshotter=snapshotter))
        self.machine.start("containerd", "containerd", "--config", config)
        self.machine.wait_for("containerd", lambda: "Start streaming server" in self.machine.log("containerd", 100000), "containerd serves")

    def start_kubelet(self):
        cgroups.make(self.cgroup)
        resolv = self.directory / "resolv.conf"
        resolv.write_text("nameserver 127.0.0.1\n")  # of pods with dnsPolicy Default: there is none
        config = self.directory / "kubelet.json"
        config.write_text(json.dumps({
            "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration", "containerRuntimeEndpoint": f"unix://{SOCKET}",
            "cgroupDriver": "cgroupfs", "cgroupRoot": f"/{self.cgroup}", "failCgroupV1": False, "failSwapOn": False, "enforceNodeAllocatable": [],
            "clusterDNS": [control.ADDRESS], "clusterDomain": control.DOMAIN, "resolvConf": str(resolv),
            "authentication": {"webhook": {"enabled": True}, "anonymous": {"enabled": False}, "x509": {"clientCAFile": str(self.keys.path("ca.crt"))}},
            "authorization": {"mode": "Webhook"}, "maxPods": 250, "serializeImagePulls": False, "imageGCHighThresholdPercent": 100,
            "evictionHard": {"memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
            "tlsCertFile": str(self.keys.path(f"{self.name}.crt")), "tlsPrivateKeyFile": str(self.keys.path(f"{self.name}.key")),
            "podLogsDir": f"{self.directory}/pod-logs", "volumePluginDir": f"{self.directory}/volume-plugins", "registerWithTaints": []}))
        kubeconfig = self.keys.kubeconfig(self.name, self._server())
        self.machine.start("kubelet", program("kubelet"), f"--config={config}", f"--kubeconfig={kubeconfig}", f"--hostname-override={self.name}",
                           f"--node-ip={self.address}", f"--root-dir={self.directory}/kubelet", f"--cert-dir={self.directory}/certificates")

    def start_proxy(self):
        config = self.directory / "proxy.json"
        kubeconfig = self.keys.kubeconfig("proxy", self._server(), self.directory / "proxy.kubeconfig")
        config.write_text(json.dumps({
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration", "mode": "iptables", "hostnameOverride": self.name,
            "clusterCIDR": "10.201.0.0/16", "clientConnection": {"kubeconfig": str(kubeconfig)},
            "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"}}))
        self.machine.start("kube-proxy", program("kube-proxy"), f"--config={config}")

    def _server(self):
        return f"https://{control.ADDRESS}:{control.PORT}"

    def load(self, archive):
        """Takes the images of a docker-archive or OCI archive."""
        self.machine.run("ctr", f"--address={SOCKET}", "--namespace=k8s.io", "images", "import", archive)
