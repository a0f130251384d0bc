// SPDX-License-Identifier: Apache-2.0
// Requests as values. Where `name_space` is empty the object is the cluster's own, or all
// namespaces are meant.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "muster/kube/api_server.hpp"

namespace muster::kube {

/// Who we are among the managers of fields (Kubernetes, "Server-Side Apply").
inline constexpr const char* field_manager = "muster-controller";

/// A kind of object by its place in the API: {"batch", "v1", "jobs"}; the core group is "".
struct Resource {
    std::string_view group;
    std::string_view version;
    std::string_view plural;
};

inline constexpr Resource pods{"", "v1", "pods"};
inline constexpr Resource secrets{"", "v1", "secrets"};
inline constexpr Resource services{"", "v1", "services"};
inline constexpr Resource jobs{"batch", "v1", "jobs"};
inline constexpr Resource events{"events.k8s.io", "v1", "events"};
inline constexpr Resource leases{"coordination.k8s.io", "v1", "leases"};
inline constexpr Resource miniclusters{"flux-framework.org", "v1alpha2", "miniclusters"};

/// An object, or one part of it ("status", "scale", "eviction").
struct Target {
    Resource resource;
    std::string name_space;
    std::string name;
    std::string subresource = {};
};

/// "/apis/batch/v1/namespaces/default/jobs/name/status"; without a name that of the collection.
std::string path_of(const Target& target);

struct Removal {
    std::string uid = {};          ///< only this very object, not one created again under its name
    std::string version = {};      ///< only as long as nobody has changed it: its resourceVersion
    std::string propagation = {};  ///< Foreground, Background or Orphan; empty: the kind's own
    std::optional<std::int64_t> grace_seconds = {};
};

Request get(const Target& target);
/// POST: not idempotent, unless the object has a name; then another attempt may be answered with
/// AlreadyExists. A field that the API does not know is refused with 400, not dropped
/// (fieldValidation=Strict).
Request create(const Resource& resource, const std::string& name_space, const json::Value& object);
/// PUT of the whole object; with its metadata.resourceVersion it conflicts with other writers.
Request replace(const Target& target, const json::Value& object);
/// Server-side apply, forced: the fields in `object` are ours, and those we gave before are gone.
Request apply(const Target& target, const json::Value& object);
/// RFC 7396.
Request merge_patch(const Target& target, const json::Value& patch);
/// RFC 6902. It is taken for idempotent where each operation is a test or a replace.
Request json_patch(const Target& target, const json::Value& operations);
Request remove(const Target& target, const Removal& removal = {});

}  // namespace muster::kube
