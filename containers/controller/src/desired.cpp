// SPDX-License-Identifier: Apache-2.0
#include "muster/controller/desired.hpp"

#include <csignal>
#include <initializer_list>

#include "build.hpp"
#include "muster/base/exit_code.hpp"
#include "names.hpp"
#include "pod.hpp"
#include "read.hpp"

namespace muster::controller {
namespace {

using json::Value;

Value secret(const MiniCluster& cluster) {
    return object({{"apiVersion", text("v1")},
                   {"kind", text("Secret")},
                   {"metadata", metadata(cluster, secret_name(cluster))},
                   {"type", text("Opaque")}});
}

Value instance_selector(const MiniCluster& cluster) {
    auto selector = Value::object();
    return selector.set(instance_label, text(instance_id(cluster)));
}

/// Both Services name a broker before it is ready: that is when it is asked for.
Value service(const MiniCluster& cluster, const std::string& name, const char* address,
              const Value& selector) {
    const auto port = number(broker_port(cluster));
    return object(
        {{"apiVersion", text("v1")},
         {"kind", text("Service")},
         {"metadata", metadata(cluster, name)},
         {"spec",
          object({{"clusterIP", text_or_none(address)},
                  {"publishNotReadyAddresses", truth(true)},
                  {"selector", selector},
                  // Without a port there is no SRV record.
                  {"ports", list({object({{"name", text("flux")}, {"port", port}})})}})}});
}

Value headless_service(const MiniCluster& cluster) {
    return service(cluster, service_name(cluster), "None", instance_selector(cluster));
}

Value leader_service(const MiniCluster& cluster) {
    return service(cluster, leader_service_name(cluster), "",
                   instance_selector(cluster).set(index_annotation, text("0")));  // a label, too
}

/// SIGTERM: of a pod that somebody has deleted, as the Job controller does when a Job is suspended.
constexpr int told_to_stop = 128 + SIGTERM;
constexpr int killed = 128 + SIGKILL;

Value exit_codes_rule(const std::string& container, const char* action, const char* operation,
                      std::initializer_list<int> codes) {
    auto values = Value::array();
    for (const auto code : codes) values.append(number(code));
    return object({{"action", text(action)},
                   {"onExitCodes", object({{"containerName", text(container)},
                                           {"operator", text(operation)},
                                           {"values", values}})}});
}

/// Evicted pods count for nothing; those that found nobody or were told to stop are tried again,
/// and what a program or a refusal ends with is the Job's end, as is what a container beside Flux
/// ends with of itself. The API takes no policy with restartPolicy OnFailure.
Value failure_policy(const MiniCluster& cluster, const Value& pod) {
    if (text_at(cluster.pod, "restartPolicy") == "OnFailure") return {};
    const auto tried_again = {exit_code(Kind::no_name), exit_code(Kind::unavailable),
                              exit_code(Kind::protocol), told_to_stop};
    constexpr std::size_t most_rules = 20;  // that the API takes
    const auto disruption =
        object({{"action", text("Ignore")},
                {"onPodConditions",
                 list({object({{"type", text("DisruptionTarget")}, {"status", text("True")}})})}});
    auto rules = list({disruption, exit_codes_rule(cluster.flux.name, "Count", "In", tried_again),
                       exit_codes_rule(cluster.flux.name, "FailJob", "NotIn", tried_again)});
    for (const auto& container : pod.get("spec").get("containers").items())
        if (const auto name = text_at(container, "name");
            name != cluster.flux.name && rules.items().size() < most_rules)
            rules.append(exit_codes_rule(name, "FailJob", "NotIn", {killed, told_to_stop}));
    return object({{"rules", rules}});
}

Value job(const MiniCluster& cluster) {
    auto meta = metadata(cluster, cluster.name);
    auto all = labels(cluster);
    for (const auto& [name, value] : cluster.job_labels.members())
        if (!all.has(name)) all.set(name, value);
    meta.set("labels", all);
    // The leader's end is the Job's.
    const auto success = object({{"rules", list({object({{"succeededIndexes", text("0")}})})}});
    const auto pod = pod_template(cluster);
    return object({{"apiVersion", text("batch/v1")},
                   {"kind", text("Job")},
                   {"metadata", meta},
                   {"spec", object({{"completionMode", text("Indexed")},
                                    {"completions", number(cluster.size)},
                                    {"parallelism", number(cluster.size)},
                                    {"backoffLimit", number(cluster.backoff_limit)},
                                    {"activeDeadlineSeconds", number(cluster.deadline)},
                                    {"successPolicy", success},
                                    {"podFailurePolicy", failure_policy(cluster, pod)},
                                    {"template", pod}})}});
}

}  // namespace

std::vector<Value> desired_objects(const MiniCluster& cluster) {
    std::vector<Value> made;
    if (text_at(cluster.muster, "certificateSecret").empty()) made.push_back(secret(cluster));
    made.push_back(headless_service(cluster));
    if (cluster.has_leader_service) made.push_back(leader_service(cluster));
    if (!cluster.services.empty()) made.push_back(services_pod(cluster));
    made.push_back(job(cluster));
    return made;
}

}  // namespace muster::controller
