// SPDX-License-Identifier: Apache-2.0
#include "requests.hpp"

#include <unistd.h>

#include "build.hpp"
#include "muster/base/assert.hpp"
#include "muster/curve/certificate.hpp"
#include "read.hpp"

namespace muster::controller {
namespace {

using json::Value;

constexpr kube::Resource core_events{"", "v1", "events"};

/// `secret` with a new certificate. It is in nobody's hands but the request's: not in the store,
/// and not in the answer's copy there.
Result<Value> with_certificate(const Value& secret, WallTime now) {
    const auto owner = text_at(secret.get("metadata").get("labels"), "app.kubernetes.io/name");
    TRY_ASSIGN(auto keys, curve::make_key_pair());
    const curve::Certificate certificate{
        .name = curve::sanitise(owner),
        .metadata = curve::keygen_metadata("muster-controller", now, ::getuid()),
        .keys = std::move(keys)};
    TRY_ASSIGN(const auto content, curve::format(certificate));
    auto made = Value::object();
    for (const auto& [key, value] : secret.members()) made.set(key, value);
    made.set("immutable", truth(true));
    return made.set("stringData", object({{"curve.cert", text(content.view())}}));
}

kube::Target target_of(const Value& object) {
    const auto metadata = object.get("metadata");
    return {.resource = resource_of(text_at(object, "kind")),
            .name_space = text_at(metadata, "namespace"),
            .name = text_at(metadata, "name")};
}

}  // namespace

kube::Resource resource_of(std::string_view kind) {
    if (kind == "MiniCluster") return kube::miniclusters;
    if (kind == "Secret") return kube::secrets;
    if (kind == "Service") return kube::services;
    if (kind == "Job") return kube::jobs;
    if (kind == "Pod") return kube::pods;
    MUSTER_ASSERT(kind == "Event");
    return core_events;
}

Result<kube::Request> request_of(const Action& action, WallTime now) {
    const auto target = target_of(action.object);
    auto object = action.object;
    switch (action.verb) {
        case Verb::create:
            if (text_at(object, "kind") == "Secret") {
                TRY_ASSIGN(object, with_certificate(object, now));
            }
            return kube::create(target.resource, target.name_space, object);
        case Verb::patch:
            return kube::merge_patch(target, object);
        case Verb::patch_status: {
            auto status = target;
            status.subresource = "status";
            return kube::merge_patch(status, object);
        }
        case Verb::remove:
            break;
    }
    return kube::remove(target, {.uid = text_at(object.get("metadata"), "uid"),
                                 .version = text_at(object.get("metadata"), "resourceVersion"),
                                 .propagation = "Background"});
}

kube::Request look_up(const Action& action) {
    return kube::get(target_of(action.object));
}

}  // namespace muster::controller
