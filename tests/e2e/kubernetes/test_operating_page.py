# SPDX-License-Identifier: Apache-2.0
"""What containers/controller/operating.md prints is what one sees on a cluster."""
import re

import pages
import pytest
import yaml
from muster_testing import REPOSITORY
from real_cluster import companion
from real_cluster.deployment import NAME, PAGE, YAML, Deployment, customize
from real_cluster.lab import Lab

SHOWN = dict(pages.shown_commands(PAGE))


def comparable(text):
    """Without names of pods that are drawn by lot, ages, and widths of columns; of what a scheduler says only the beginning."""
    text = re.sub(r"\b(\w+-\d+)-[a-z0-9]{5}\b", r"\1-XXXXX", text)
    text = re.sub(r"\b(\d+[dhm])*\d+[smhd]$", "AGE", text, flags=re.M)
    text = re.sub(r"(0/)\d+( nodes are available: )\d+ (Insufficient cpu)\..*", r"\1N\2N \3.", text)
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def block_about(name):
    """The block of the page that shows this MiniCluster's condition."""
    found, = [block for block in pages.blocks(PAGE) if re.search(rf"\b{name}-0-", block)]
    return comparable(found)


def is_within(lines, text):
    printed = comparable(text)
    return any(printed[n:n + len(lines)] == lines for n in range(len(printed)))


@pytest.fixture(scope="module")
def deployed(kubernetes, installed, tmp_path_factory):
    """Installed as the page's kustomization says, but for the names in it."""
    shown = yaml.safe_load(pages.block(PAGE, "resources:"))
    ours = customize(tmp_path_factory.mktemp("page"), YAML, kubernetes.images.controller)
    made = yaml.safe_load((ours / "kustomization.yaml").read_text())
    assert shown.keys() == made.keys() and shown["images"][0].keys() == made["images"][0].keys()
    assert (shown["images"][0]["name"], shown["resources"][0].split("/", 2)[2]) == (NAME, str(YAML.relative_to(REPOSITORY)))
    deployment = Deployment(kubernetes, companion.SYSTEM).apply(ours)
    yield deployment
    deployment.kubectl("delete", "deployment", NAME)


def test_the_file_is_what_kustomize_prints(kubernetes):
    command = "kubectl kustomize containers/kubernetes"
    assert f"`{command}`" in PAGE and "    kubectl apply -f containers/kubernetes/muster-controller.yaml\n" in PAGE
    assert (YAML / "muster-controller.yaml").read_text() == "# SPDX-License-Identifier: Apache-2.0\n" + kubernetes.kubectl("kustomize", YAML).stdout


def test_the_file_is_taken_as_it_is(kubernetes, installed):
    done = kubernetes.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", YAML / "muster-controller.yaml")
    assert "deployment.apps/muster-controller" in done.stdout and "Warning" not in done.stderr, done


def test_its_first_words(deployed):
    (command, shown), = [row for row in SHOWN.items() if " logs " in row[0]]
    assert command == f"kubectl -n {companion.SYSTEM} logs deployment/{NAME}"
    unlike = [(r"https://\S+", "URL"), (r"=\d+\b(?<!8080)", "=N")]

    def stripped(text):
        for pattern, name in unlike:
            text = re.sub(pattern, name, text)
        return text
    said = stripped(deployed.log(deployed.wait_leader()))
    assert said.startswith(stripped(shown)), said


def test_the_metrics(deployed):
    table = PAGE[PAGE.index("| `muster_controller_...` |"):PAGE.index("The last five")]
    listed = [name.split("{")[0] for name in re.findall(r"(?m)^\| `([a-z_]+(?:\{[^}]*\})?)` \|", table)]
    printed = re.findall(r"(?m)^# TYPE muster_controller_(\S+)", deployed.page(deployed.wait_leader(), "metrics"))
    assert listed == printed


WRONG = {
    "image": {"image": "registry.invalid/application:1"},
    "room": {"resources": {"requests": {"cpu": "1000"}}},
    "program": {"command": "no-such-program"},
}


def test_three_causes(deployed, space):
    for name, wrong in WRONG.items():
        Lab(space, name).apply(**wrong)
    for name in WRONG:
        lines = block_about(name)
        space.wait(lambda: is_within(lines, space.kubectl("describe", "mc", name).stdout),
                   lambda: f"the page's {lines} in {space.kubectl('describe', 'mc', name).stdout}")
    assert comparable(space.kubectl("get", "mc").stdout) == comparable(SHOWN["kubectl get mc"])


def test_a_refusal(space, lab):
    done = space.apply([lab.described(size=3, spec={"maxSize": 2})], check=False)
    assert done.returncode != 0 and done.stderr == SHOWN["kubectl apply -f minicluster.yaml"], done


def test_how_a_pod_is_asked(deployed, space, lab):
    lab.apply("sleep inf")
    lab.wait_for("BrokersOnline", "2 of 2")
    for command in ("/muster/bin/muster check", "/muster/bin/muster status"):
        assert f" {command}`" in PAGE or f"`{command}`" in PAGE
        assert space.exec(lab.leader(), *command.split()).stdout
