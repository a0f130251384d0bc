// SPDX-License-Identifier: Apache-2.0
#include "pod.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "build.hpp"
#include "names.hpp"
#include "patch.hpp"
#include "read.hpp"
#include "settings.hpp"

namespace muster::controller {
namespace {

using json::Value;

Value empty_volume(const std::string& name) {
    return object({{"name", text(name)}, {"emptyDir", Value::object()}});
}

/// The pod's annotations as files.
Value files_volume(const MiniCluster& cluster) {
    auto items = Value::array();
    for (const auto& [name, content] : files(cluster))
        items.append(
            object({{"path", text(name)},
                    {"fieldRef", object({{"fieldPath", text("metadata.annotations['" +
                                                            annotation_of(name) + "']")}})}}));
    return object({{"name", text("muster-files")}, {"downwardAPI", object({{"items", items}})}});
}

/// Those of `containers`, which may share one.
void add_volumes(Value& made, const std::vector<Container>& containers) {
    std::set<std::string> seen;
    for (const auto& container : containers) {
        for (const auto& volume : container.volumes) {
            if (!seen.insert(volume.name).second) continue;
            auto entry = object({{"name", text(volume.name)}});
            for (const auto& [kind, source] : volume.source.members()) entry.set(kind, source);
            made.append(entry);
        }
    }
}

Value volumes(const MiniCluster& cluster) {
    auto made = Value::array();
    if (!has_own_muster(cluster)) made.append(empty_volume("muster-bundle"));
    made.append(empty_volume("muster-run"));
    made.append(object({{"name", text("muster-curve")},
                        {"secret", object({{"secretName", text(secret_name(cluster))}})}}));
    if (!files(cluster).empty()) made.append(files_volume(cluster));
    if (cluster.view) made.append(empty_volume(cluster.view->name));
    auto all = cluster.sidecars;
    all.insert(all.begin(), cluster.flux);
    add_volumes(made, all);
    return made;
}

/// A preference of `weight` 100 for pods of the instance on the same `key` of nodes.
Value preferred(const MiniCluster& cluster, const char* key) {
    auto selector = Value::object();
    selector.set(instance_label, text(instance_id(cluster)));
    return object(
        {{"preferredDuringSchedulingIgnoredDuringExecution",
          list({object({{"weight", number(100)},
                        {"podAffinityTerm",
                         object({{"topologyKey", text(key)},
                                 {"labelSelector", object({{"matchLabels", selector}})}})}})})}});
}

/// One zone, and one pod on a node, where that is possible; the nodes that the user requires.
Value affinity(const MiniCluster& cluster) {
    if (!cluster.has_affinity) return {};
    auto made = object({{"podAffinity", preferred(cluster, "topology.kubernetes.io/zone")},
                        {"podAntiAffinity", preferred(cluster, "kubernetes.io/hostname")}});
    const auto required = cluster.pod.get("nodeAffinity").members();
    if (required.empty()) return made;
    auto expressions = Value::array();
    for (const auto& [label, values] : required)
        expressions.append(
            object({{"key", text(label)}, {"operator", text("In")}, {"values", values}}));
    return made.set("nodeAffinity",
                    object({{"requiredDuringSchedulingIgnoredDuringExecution",
                             object({{"nodeSelectorTerms",
                                      list({object({{"matchExpressions", expressions}})})}})}}));
}

Value pod_metadata(const MiniCluster& cluster) {
    auto all = labels(cluster);
    all.set("hpa-selector", text(cluster.name));
    for (const auto& [name, value] : cluster.pod.get("labels").members())
        if (!all.has(name)) all.set(name, value);
    auto annotations = Value::object();
    for (const auto& [name, value] : cluster.pod.get("annotations").members())
        annotations.set(name, value);
    for (const auto& [name, content] : files(cluster))
        annotations.set(annotation_of(name), text(content));
    return object(
        {{"labels", all}, {"annotations", annotations.members().empty() ? Value() : annotations}});
}

Value pull_secrets(const MiniCluster& cluster) {
    if (cluster.pull_secrets.empty()) return {};
    auto made = Value::array();
    for (const auto& name : cluster.pull_secrets) made.append(object({{"name", text(name)}}));
    return made;
}

/// preStop may take two thirds of the grace, and the stop all of it.
std::int64_t termination_grace(const MiniCluster& cluster) {
    if (const auto given = cluster.muster.get("terminationGracePeriodSeconds").as_integer())
        return *given;
    const auto grace = cluster.muster.get("grace").as_integer().value_or(25);
    return (grace * 5 + 2) / 3 + 3;
}

/// A node's network has its resolv.conf, too, unless the pod says otherwise.
Value dns_policy(const MiniCluster& cluster) {
    const auto given = text_at(cluster.pod, "dnsPolicy");
    if (!given.empty() || !has_host_network(cluster)) return text_or_none(given);
    return text("ClusterFirstWithHostNet");
}

/// A constraint counts the instance's pods where it does not say which.
Value spread(const MiniCluster& cluster) {
    const auto given = cluster.muster.get("topologySpreadConstraints").items();
    if (given.empty()) return {};
    auto labels = Value::object();
    labels.set(instance_label, text(instance_id(cluster)));
    auto made = Value::array();
    for (auto each : given)
        made.append(each.has("labelSelector")
                        ? each
                        : patched(each, object({{"labelSelector",
                                                 object({{"matchLabels", labels}})}})));
    return made;
}

Value plain_pod_template(const MiniCluster& cluster) {
    const auto& pod = cluster.pod;
    const auto restart = text_at(pod, "restartPolicy");
    auto spec = object(
        {{"subdomain", text(service_name(cluster))},
         {"restartPolicy", text(restart.empty() ? "Never" : restart)},
         {"enableServiceLinks", truth(false)},
         {"automountServiceAccountToken", truth(is_set(pod, "automountServiceAccountToken"))},
         {"terminationGracePeriodSeconds", number(termination_grace(cluster))},
         {"serviceAccountName", pod.get("serviceAccountName")},
         {"runtimeClassName", pod.get("runtimeClassName")},
         {"schedulerName", pod.get("schedulerName")},
         {"nodeSelector", pod.get("nodeSelector")},
         {"tolerations", pod.get("tolerations")},
         {"priorityClassName", text_or_none(text_at(cluster.muster, "priorityClassName"))},
         {"dnsPolicy", dns_policy(cluster)},
         {"hostNetwork", has_host_network(cluster) ? truth(true) : Value()},
         {"hostIPC", pod.get("hostIPC")},
         {"hostPID", pod.get("hostPID")},
         {"shareProcessNamespace", cluster.share_process_namespace ? truth(true) : Value()},
         {"securityContext", pod.get("securityContext")},
         {"imagePullSecrets", pull_secrets(cluster)},
         {"affinity", affinity(cluster)},
         {"topologySpreadConstraints", spread(cluster)},
         {"initContainers", init_containers(cluster)},
         {"containers", containers(cluster)},
         {"volumes", volumes(cluster)}});
    return object({{"metadata", pod_metadata(cluster)}, {"spec", spec}});
}

}  // namespace

Value pod_template(const MiniCluster& cluster) {
    const auto plain = plain_pod_template(cluster);
    const auto patch = cluster.muster.get("podTemplate");
    return patch.is_null() ? plain : patched(plain, patch);
}

Value services_pod(const MiniCluster& cluster) {
    constexpr std::array of_brokers{"affinity", "dnsPolicy", "hostNetwork", "initContainers",
                                    "terminationGracePeriodSeconds", "topologySpreadConstraints"};
    auto spec = object({{"hostname", text(cluster.name + "-services")}});
    for (const auto& [key, value] : plain_pod_template(cluster).get("spec").members())
        if (std::ranges::find(of_brokers, key) == of_brokers.end()) spec.set(key, value);
    auto needed = Value::array();
    add_volumes(needed, cluster.services);
    if (const auto policy = text_at(cluster.pod, "dnsPolicy"); !policy.empty())
        spec.set("dnsPolicy", text(policy));
    spec.set("restartPolicy", text("Always"))
        .set("containers", service_containers(cluster))
        .set("volumes", needed);
    return object({{"apiVersion", text("v1")},
                   {"kind", text("Pod")},
                   {"metadata", metadata(cluster, services_pod_name(cluster))},
                   {"spec", spec}});
}

}  // namespace muster::controller
