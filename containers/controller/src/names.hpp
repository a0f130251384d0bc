// SPDX-License-Identifier: Apache-2.0
// How the objects of a MiniCluster are called, and found again.
#pragma once

#include <string>
#include <string_view>

#include "muster/controller/minicluster.hpp"

namespace muster::controller {

/// Of the pods of this very MiniCluster: one that is created again under its name has another.
inline constexpr const char* instance_label = "muster.flux-framework.org/instance";

/// The MiniCluster's name.
inline constexpr const char* name_label = "app.kubernetes.io/name";
/// Of every object that is made here: what is watched.
inline constexpr const char* manager_label = "app.kubernetes.io/managed-by";
inline constexpr const char* manager = "muster";
/// Of a Job: how many ranks its brokers are configured for.
inline constexpr const char* ranks_annotation = "muster.flux-framework.org/ranks";
/// Of a Job: how many brokers its leader waits for, whenever it is started.
inline constexpr const char* quorum_annotation = "muster.flux-framework.org/quorum";
/// Of a Job: a digest of each field of the spec that it was made from.
inline constexpr const char* spec_annotation = "muster.flux-framework.org/spec";

/// Of a pod, by the Job controller.
inline constexpr const char* index_annotation = "batch.kubernetes.io/job-completion-index";

inline constexpr const char* group_version = "flux-framework.org/v1alpha2";
/// Of each kind that is watched, made or changed here.
std::string_view api_version(std::string_view kind);

/// NAME-UID: the names of pods under it never repeat, and so no cache can hold old ones.
std::string service_name(const MiniCluster& cluster);
/// NAME-UID-leader: the Service of spec.flux.minimalService.
std::string leader_service_name(const MiniCluster& cluster);
/// NAME-UID-services: the pod of spec.services.
std::string services_pod_name(const MiniCluster& cluster);
std::string secret_name(const MiniCluster& cluster);
/// The port that the brokers listen on.
std::int64_t broker_port(const MiniCluster& cluster);

/// Whether the brokers' pods have their nodes' network, and so their nodes' host names.
bool has_host_network(const MiniCluster& cluster);

/// The beginning of the UID; zeros before there is one.
std::string instance_id(const MiniCluster& cluster);

/// metadata of an object of the MiniCluster's: name, namespace, labels, owner.
json::Value metadata(const MiniCluster& cluster, const std::string& name);
/// Labels of every object; those of pods are found by the Flux Operator's, too.
json::Value labels(const MiniCluster& cluster);

}  // namespace muster::controller
