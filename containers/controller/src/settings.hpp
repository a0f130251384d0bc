// SPDX-License-Identifier: Apache-2.0
// What a MiniCluster says to muster run: variables, the program, and the texts that come as files.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "muster/controller/minicluster.hpp"

namespace muster::controller {

inline constexpr const char* bundle_path = "/muster";
inline constexpr const char* run_path = "/run/muster";
inline constexpr const char* curve_path = "/etc/muster";
inline constexpr const char* files_path = "/etc/muster-files";
inline constexpr const char* view_path = "/opt/view";

/// MUSTER_* variables.
std::vector<std::pair<std::string, std::string>> settings(const MiniCluster& cluster);

/// Files in files_path by name. They stand in annotations of the pod, which its downwardAPI volume
/// shows: there is no ConfigMap to change behind a pod's back.
std::map<std::string, std::string> files(const MiniCluster& cluster);
/// The annotation that holds such a file.
std::string annotation_of(const std::string& file);

/// Where muster comes from: spec.muster.image.
std::string muster_image(const MiniCluster& cluster);
/// The container in which Flux runs has that very image: there is nothing to install, and no second
/// lost until the kubelet has seen the end of an init container.
bool has_own_muster(const MiniCluster& cluster);
/// How one of muster's programs is called there.
std::string muster_program(const MiniCluster& cluster, std::string_view name);

/// The whole command of the container in which Flux runs.
std::vector<std::string> entrypoint(const MiniCluster& cluster);

/// Words as a pod's `command` wants them: the kubelet replaces $(NAME) and $$.
std::vector<std::string> escape(std::vector<std::string> words);

}  // namespace muster::controller
