// SPDX-License-Identifier: Apache-2.0
// What is put in, as YAML: names, paths and the objects themselves.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "muster/inject.hpp"
#include "muster/yaml.hpp"
#include "workload.hpp"

namespace muster::inject {

inline constexpr std::string_view init_container_name = "muster-install";
inline constexpr std::string_view bundle_volume = "muster-bundle";
inline constexpr std::string_view run_volume = "muster-run";
inline constexpr std::string_view curve_volume = "muster-curve";
inline constexpr std::string_view bundle_path = "/muster";
inline constexpr std::string_view run_path = "/run/muster";
inline constexpr std::string_view curve_path = "/etc/muster";
inline constexpr std::string_view curve_file = "curve.cert";  ///< the Secret's key

/// Put before a container's command.
std::vector<std::string> entrypoint();

/// The init container. `resources` are those of the container that muster starts, or nullptr: with
/// other ones a pod could lose its QoS class Guaranteed, and with it its exclusive cores.
yaml::Node init_container(const Options& options, bool is_root, const yaml::Node* resources);

yaml::Node empty_volume(std::string_view name);
yaml::Node secret_volume(std::string_view name, std::string_view secret);
enum class Access { read_write, read_only };
yaml::Node mount(std::string_view volume, std::string_view path, Access access);
yaml::Node variable(std::string_view name, std::string_view value);

/// The headless Service of the workload's pods: with their addresses before they are ready, and
/// with a port, for without one it has no SRV records.
yaml::Node service(const Workload& workload);

}  // namespace muster::inject
