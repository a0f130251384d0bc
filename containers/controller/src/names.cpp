// SPDX-License-Identifier: Apache-2.0
#include "names.hpp"

#include "build.hpp"
#include "read.hpp"

namespace muster::controller {

using json::Value;

std::string_view api_version(std::string_view kind) {
    if (kind == "MiniCluster") return group_version;
    return kind == "Job" ? "batch/v1" : "v1";
}

std::int64_t broker_port(const MiniCluster& cluster) {
    return cluster.muster.get("port").as_integer().value_or(8050);
}

bool has_host_network(const MiniCluster& cluster) {
    return is_set(cluster.muster, "hostNetwork");
}

std::string instance_id(const MiniCluster& cluster) {
    return cluster.uid.empty() ? "00000000" : cluster.uid.substr(0, 8);
}

std::string service_name(const MiniCluster& cluster) {
    if (!cluster.headless_name.empty()) return cluster.headless_name;
    return cluster.name + "-" + instance_id(cluster);
}

std::string leader_service_name(const MiniCluster& cluster) {
    return service_name(cluster) + "-leader";
}

std::string services_pod_name(const MiniCluster& cluster) {
    return cluster.name + "-" + instance_id(cluster) + "-services";
}

std::string secret_name(const MiniCluster& cluster) {
    const auto given = text_at(cluster.muster, "certificateSecret");
    if (!given.empty()) return given;
    // One of an earlier MiniCluster may still be there.
    return (cluster.uid.empty() ? cluster.name : cluster.name + "-" + instance_id(cluster)) +
           "-curve";
}

Value labels(const MiniCluster& cluster) {
    auto made = Value::object();
    made.set(name_label, text(cluster.name));
    made.set(manager_label, text(manager));
    made.set(instance_label, text(instance_id(cluster)));
    return made;
}

Value metadata(const MiniCluster& cluster, const std::string& name) {
    auto made = object({{"name", text(name)},
                        {"namespace", text_or_none(cluster.name_space)},
                        {"labels", labels(cluster)}});
    if (!cluster.uid.empty())
        made.set("ownerReferences", list({object({{"apiVersion", text(group_version)},
                                                  {"kind", text("MiniCluster")},
                                                  {"name", text(cluster.name)},
                                                  {"uid", text(cluster.uid)},
                                                  {"controller", truth(true)},
                                                  {"blockOwnerDeletion", truth(true)}})}));
    return made;
}

}  // namespace muster::controller
