// SPDX-License-Identifier: Apache-2.0
#include "slim.hpp"

#include <initializer_list>

#include "build.hpp"
#include "names.hpp"

namespace muster::controller {
namespace {

using json::Value;

Value members(const Value& value, std::initializer_list<const char*> keys) {
    auto made = Value::object();
    for (const auto* key : keys)
        if (value.has(key)) made.set(key, value.get(key));
    return made;
}

Value each(const Value& list, std::initializer_list<const char*> keys) {
    auto made = Value::array();
    for (const auto& item : list.items()) made.append(members(item, keys));
    return made;
}

Value metadata(const Value& object) {
    const auto all = object.get("metadata");
    auto made = members(all, {"name", "namespace", "uid", "resourceVersion", "generation",
                              "deletionTimestamp", "ownerReferences"});
    made.set("labels", members(all.get("labels"), {name_label, manager_label, instance_label}));
    made.set("annotations", members(all.get("annotations"),
                                    {ranks_annotation, quorum_annotation, spec_annotation,
                                     index_annotation}));
    return made;
}

Value pod_status(const Value& status) {
    auto conditions = Value::array();
    for (const auto& condition : status.get("conditions").items())
        if (const auto type = condition.get("type").as_string();
            type == "PodScheduled" || type == "DisruptionTarget")
            conditions.append(members(condition, {"type", "status", "reason", "message"}));
    auto made = members(status, {"phase", "reason", "message"});
    made.set("conditions", conditions);
    for (const auto* list : {"initContainerStatuses", "containerStatuses"})
        made.set(list, each(status.get(list), {"name", "image", "ready", "state", "lastState"}));
    return made;
}

}  // namespace

Value slim(const std::string& kind, const Value& object) {
    const auto spec = object.get("spec");
    const auto status = object.get("status");
    auto made = controller::object({{"apiVersion", text(api_version(kind))},
                                    {"kind", text(kind)},
                                    {"metadata", metadata(object)}});
    if (kind == "MiniCluster") return made.set("spec", spec).set("status", status);
    if (kind == "Service") {
        auto kept = members(spec, {"clusterIP", "publishNotReadyAddresses", "selector"});
        return made.set("spec", kept.set("ports", each(spec.get("ports"), {"name", "port"})));
    }
    if (kind == "Job")
        return made
            .set("spec", members(spec, {"parallelism", "completions", "activeDeadlineSeconds",
                                        "backoffLimit", "suspend"}))
            .set("status", members(status, {"startTime"})
                               .set("conditions", each(status.get("conditions"),
                                                       {"type", "status", "reason", "message"})));
    if (kind == "Pod") {
        made.get("metadata").set("creationTimestamp",
                                 object.get("metadata").get("creationTimestamp"));
        return made
            .set("spec", members(spec, {"restartPolicy"})
                             .set("containers", each(spec.get("containers"), {"name"})))
            .set("status", pod_status(status));
    }
    return made;  // a Secret among them
}

}  // namespace muster::controller
