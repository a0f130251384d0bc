// SPDX-License-Identifier: Apache-2.0
#include "fields.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace muster::controller {
namespace {

using enum Type;

constexpr bool refused = true;

/// One of `choices`, which commas part.
constexpr Field among(std::string_view choices, Field field) {
    field.choices = choices;
    return field;
}

constexpr Field within(std::int32_t least, std::int32_t most, Field field) {
    field.least = least;
    field.most = most;
    return field;
}

constexpr std::int32_t last_port = 65535;

constexpr std::array instance_rows{
    Field{"spec", object, "the instance"},
    Field{"spec.size", integer, "pods, and so brokers at start [1]"},
    Field{"spec.maxSize", integer, "ranks that are configured [size]"},
    Field{"spec.minSize", integer, "the quorum: brokers online before the program starts [size]"},
    Field{"spec.tasks", integer, "tasks of the submitted program; 0: one on each node [1]"},
    Field{"spec.interactive", boolean, "no program: the instance waits for people"},
    Field{"spec.cleanup", boolean, "the MiniCluster is deleted when it has ended"},
    Field{"spec.deadlineSeconds", integer, "how long the instance may last [31500000]"},
    Field{"spec.backoffLimit", integer, "how many pods may fail to join before the Job does [100]"},
    Field{"spec.jobLabels", map, "labels of the Job"},
    Field{"spec.jobLabels{}", string, ""},
    Field{"spec.shareProcessNamespace", boolean, "the pod's containers see each other's processes"},
    Field{"spec.archive", object, ""},
    Field{"spec.archive.path", string,
          "content to load at start, where the leader finds such a file"},
    Field{"spec.network", object, ""},
    Field{"spec.network.headlessName", string, "name of the headless Service [NAME-UID8]"},
    Field{"spec.network.disableAffinity", boolean,
          "no preference for one zone and one pod on a node"},
    Field{"spec.logging", object, ""},
    Field{"spec.logging.quiet", boolean, "errors only"},
    Field{"spec.logging.strict", boolean, "no effect: a failing command is never passed over"},
    Field{"spec.logging.debug", boolean, "-vvv for the submitting command"},
    Field{"spec.logging.zeromq", boolean, "broker attribute tbon.zmqdebug"},
    Field{"spec.logging.timed", boolean, "muster timeline shows where the time goes; leave it out",
          refused},
    Field{"spec.services", list,
          "containers, as in spec.containers, of one more pod, NAME-services.SERVICE in DNS, as "
          "brokers are NAME-INDEX.SERVICE"},
};

constexpr std::array flux_rows{
    Field{"spec.flux", object, "Flux itself"},
    Field{"spec.flux.container", object, "where Flux comes from"},
    Field{"spec.flux.container.image", string, "image with a view of Flux, /opt/view"},
    Field{"spec.flux.container.name", string, "name of its init container [flux-view]"},
    Field{"spec.flux.container.mountPath", string,
          "where the view is found, too, beside /opt/view [/mnt/flux]"},
    Field{"spec.flux.container.disable", boolean, "the application's own image has Flux"},
    Field{"spec.flux.container.workingDir", string, "of the init container"},
    Field{"spec.flux.container.pythonPath", string,
          "PYTHONPATH of the containers that have the view"},
    Field{"spec.flux.container.resources", object, "of the init container"},
    Field{"spec.flux.container.resources.limits", map, ""},
    Field{"spec.flux.container.resources.limits{}", quantity, ""},
    Field{"spec.flux.container.resources.requests", map, ""},
    Field{"spec.flux.container.resources.requests{}", quantity, ""},
    Field{"spec.flux.container.pullAlways", boolean, "imagePullPolicy Always"},
    Field{"spec.flux.container.securityContext", any, "of the init container"},
    Field{"spec.flux.container.imagePullSecret", string, "a pull secret of the pod"},
    Field{"spec.flux.arch", string, "nothing depends on it any more; leave it out", refused},
    Field{"spec.flux.submitCommand", string,
          "the program is submitted by flux run, whose output is not held back; choose "
          "containers[].launcher to submit by a command of your own",
          refused},
    Field{"spec.flux.wrap", string,
          "it wrapped the broker, which must be the pod's own child; containers[].commands.prefix "
          "wraps the program",
          refused},
    Field{"spec.flux.connectTimeout", string, "broker attribute tbon.connect_timeout"},
    Field{"spec.flux.optionFlags", string, "more flags for the submitting command"},
    Field{"spec.flux.topology", string, "the tree of brokers: kary:K, mincrit:K, binomial [flat]"},
    Field{"spec.flux.minimalService", boolean,
          "a ClusterIP for the leader, which followers dial instead of its name"},
    Field{
        "spec.flux.disableSocket", boolean,
        "without its socket nobody could ask the broker how it is, the pod's probes among them; a "
        "container that is to have none belongs in a pod of its own",
        refused},
    Field{"spec.flux.noWaitSocket", boolean, "no effect: no container waits for the socket"},
    Field{"spec.flux.completeWorkers", boolean,
          "no effect: a follower whose instance has ended in order is not started again"},
    within(0, 7, {"spec.flux.logLevel", integer, "broker attribute log-stderr-level [6]"}),
    Field{"spec.flux.curveCert", string,
          "a secret key does not belong here: make a Secret of it and name that in "
          "spec.muster.certificateSecret",
          refused},
    Field{"spec.flux.brokerConfig", string, "a broker.toml that replaces muster's"},
    Field{"spec.flux.scheduler", object, ""},
    among("fcfs, easy, conservative, hybrid",
          {"spec.flux.scheduler.queuePolicy", string, "Fluxion's queue-policy [fcfs]"}),
    Field{"spec.flux.scheduler.simple", boolean, "Flux's own scheduler, not Fluxion"},
    Field{"spec.flux.mungeSecret", string, "an instance has one user; leave it out", refused},
    Field{"spec.flux.bursting", any, "it never worked, and muster has nothing like it yet",
          refused},
    Field{"spec.flux.environment", map, "variables of the broker and of every program"},
    Field{"spec.flux.environment{}", string, ""},
};

constexpr std::array container_rows{
    Field{"spec.containers", list, "the pod's containers; in one of them runs Flux"},
    Field{"spec.containers[]", object, ""},
    Field{"spec.containers[].image", string, "its image"},
    Field{"spec.containers[].name", string, "its name [that of the MiniCluster]"},
    Field{"spec.containers[].command", string, "the program; quoted as in a shell"},
    Field{"spec.containers[].workingDir", string, ""},
    Field{"spec.containers[].pullAlways", boolean, "imagePullPolicy Always"},
    among("Always, IfNotPresent, Never", {"spec.containers[].imagePullPolicy", string, ""}),
    Field{"spec.containers[].imagePullSecret", string, "a pull secret of the pod"},
    Field{"spec.containers[].ports", list, "TCP ports"},
    within(1, last_port, {"spec.containers[].ports[]", integer, ""}),
    Field{"spec.containers[].environment", map, "variables"},
    Field{"spec.containers[].environment{}", string, ""},
    Field{"spec.containers[].secrets", map, "variables from Secrets"},
    Field{"spec.containers[].secrets{}", object, ""},
    Field{"spec.containers[].secrets{}.name", string, "of the Secret"},
    Field{"spec.containers[].secrets{}.key", string, "in it"},
    Field{"spec.containers[].launcher", boolean, "the command submits jobs itself"},
    Field{"spec.containers[].batch", boolean, "each line of the command is a job"},
    Field{"spec.containers[].batchRaw", boolean, "the command is a batch script"},
    Field{"spec.containers[].logs", string, "the jobs' output goes to the pod's log; leave it out",
          refused},
    Field{"spec.containers[].runFlux", boolean, "Flux runs in this one [of one: yes]"},
    Field{"spec.containers[].noWrapEntrypoint", boolean,
          "no effect: only the container in which Flux runs is started by muster"},
    Field{"spec.containers[].lifeCycle", object, ""},
    Field{"spec.containers[].lifeCycle.postStartExec", string,
          "run when it starts; quoted as in a shell"},
    Field{"spec.containers[].lifeCycle.preStopExec", string,
          "run before it is stopped; of the container with Flux: muster's own preStop drains the "
          "broker, give the command to another container"},
    Field{"spec.containers[].resources", object, "R is what they allow: whole cores"},
    Field{"spec.containers[].resources.limits", map, ""},
    Field{"spec.containers[].resources.limits{}", quantity, ""},
    Field{"spec.containers[].resources.requests", map, ""},
    Field{"spec.containers[].resources.requests{}", quantity, ""},
    Field{"spec.containers[].securityContext", any, ""},
    Field{"spec.containers[].commands", object, "shell text"},
    Field{"spec.containers[].commands.prefix", string, "words before the submitting command"},
    Field{"spec.containers[].commands.script", string,
          "the program, as a script of sh, instead of a command"},
    Field{"spec.containers[].commands.init", string, "run first, by sh"},
    Field{"spec.containers[].commands.pre", string, "run before Flux, by sh"},
    Field{"spec.containers[].commands.post", string,
          "run when the program of the container has ended, by sh; its exit code stays"},
    Field{"spec.containers[].commands.workerPre", string, "run before Flux on followers, by sh"},
    Field{"spec.containers[].commands.brokerPre", string, "run before Flux on the leader, by sh"},
    Field{"spec.containers[].commands.servicePre", string,
          "run before the command of a container without Flux, by sh"},
    Field{"spec.containers[].volumes", map, "by the name of the volume"},
    Field{"spec.containers[].volumes{}", object, ""},
    Field{"spec.containers[].volumes{}.path", string, "where it is mounted"},
    Field{"spec.containers[].volumes{}.readOnly", boolean, ""},
    Field{"spec.containers[].volumes{}.hostPath", string, "a directory of the node"},
    Field{"spec.containers[].volumes{}.configMapName", string, ""},
    Field{"spec.containers[].volumes{}.items", map, "key to path, of a ConfigMap"},
    Field{"spec.containers[].volumes{}.items{}", string, ""},
    Field{"spec.containers[].volumes{}.claimName", string, "a PersistentVolumeClaim"},
    Field{"spec.containers[].volumes{}.secretName", string, ""},
    Field{"spec.containers[].volumes{}.emptyDir", boolean, ""},
    Field{"spec.containers[].volumes{}.emptyDirMedium", string, "Memory, or of the node"},
    Field{"spec.containers[].volumes{}.emptyDirSizeLimit", quantity, ""},
    Field{"spec.containers[].volumes{}.csiDriver", string, ""},
    Field{"spec.containers[].volumes{}.csiDriverAttributes", map, ""},
    Field{"spec.containers[].volumes{}.csiDriverAttributes{}", string, ""},
};

constexpr std::array pod_rows{
    Field{"spec.pod", object, "every pod"},
    Field{"spec.pod.annotations", map, ""},
    Field{"spec.pod.annotations{}", string, ""},
    Field{"spec.pod.labels", map, ""},
    Field{"spec.pod.labels{}", string, ""},
    among("Never, OnFailure",
          {"spec.pod.restartPolicy", string,
           "with OnFailure the Job can have no pod failure policy [Never]"}),
    Field{"spec.pod.serviceAccountName", string, ""},
    Field{"spec.pod.automountServiceAccountToken", boolean, "[false]"},
    Field{"spec.pod.runtimeClassName", string, ""},
    Field{"spec.pod.schedulerName", string, ""},
    Field{"spec.pod.nodeSelector", map, ""},
    Field{"spec.pod.nodeSelector{}", string, ""},
    Field{"spec.pod.nodeAffinity", map, "required labels of the node, and their values"},
    Field{"spec.pod.nodeAffinity{}", list, ""},
    Field{"spec.pod.nodeAffinity{}[]", string, ""},
    Field{"spec.pod.tolerations", any_list, ""},
    among("ClusterFirst, ClusterFirstWithHostNet, Default, None",
          {"spec.pod.dnsPolicy", string, "[ClusterFirst]"}),
    Field{"spec.pod.hostIPC", boolean, ""},
    Field{"spec.pod.hostPID", boolean, ""},
    Field{"spec.pod.resources", any,
          "it became the pod's overhead, which the API refuses without a RuntimeClass: give "
          "containers[].resources",
          refused},
    Field{"spec.pod.securityContext", any, "of the pod, whole"},
};

constexpr std::array muster_rows{
    Field{"spec.muster", object, "what muster has and the Flux Operator had not"},
    Field{"spec.muster.image", string, "the image that muster is installed from [muster]"},
    Field{"spec.muster.certificateSecret", string,
          "a Secret with curve.cert [one is made: NAME-curve]"},
    within(1, last_port, {"spec.muster.port", integer, "port of the brokers [8050]"}),
    Field{"spec.muster.domain", string, "cluster domain [resolv.conf]"},
    among("4, 6, auto", {"spec.muster.ip", string, "address family: 4, 6 or auto [auto]"}),
    Field{"spec.muster.flux", string, "the flux program, or none for the rehearsal broker, which needs no view"},
    Field{"spec.muster.grace", integer, "seconds that a stop may take [25]"},
    Field{"spec.muster.terminationGracePeriodSeconds", integer,
          "of the brokers' pods [5/3 of grace, and 3]"},
    Field{"spec.muster.hostNetwork", boolean,
          "the brokers' pods have their nodes' network, and no two of them a node"},
    Field{"spec.muster.priorityClassName", string, "of every pod"},
    Field{"spec.muster.topologySpreadConstraints", any_list,
          "of the brokers' pods, which are counted where it has no labelSelector"},
    Field{"spec.muster.probes", object, "of the container with Flux, put over muster's own"},
    Field{"spec.muster.probes.startup", any, "periodSeconds, failureThreshold, ... [2, 330]"},
    Field{"spec.muster.probes.readiness", any, ""},
    Field{"spec.muster.probes.liveness", any, ""},
    Field{"spec.muster.podTemplate", any,
          "put over the template of the brokers' pods at last, as kubectl patch does"},
};

template <std::size_t... Sizes>
constexpr auto join(const std::array<Field, Sizes>&... parts) {
    std::array<Field, (Sizes + ...)> all{};
    std::size_t count = 0;
    const auto add = [&](const auto& part) {
        for (const auto& field : part) all[count++] = field;
    };
    (add(parts), ...);
    return all;
}

constexpr auto rows = join(instance_rows, flux_rows, container_rows, pod_rows, muster_rows);

}  // namespace

std::span<const Field> fields() {
    return rows;
}

const Field* find_field(std::string_view path) {
    constexpr std::string_view services = "spec.services[]";
    if (path.starts_with(services))
        return find_field("spec.containers[]" + std::string(path.substr(services.size())));
    const auto* const found =
        std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.path == path; });
    return found == rows.end() ? nullptr : found;
}

}  // namespace muster::controller
