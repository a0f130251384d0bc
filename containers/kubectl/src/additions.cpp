// SPDX-License-Identifier: Apache-2.0
#include "additions.hpp"

#include <fmt/format.h>

namespace muster::inject {

using yaml::literal;
using yaml::mapping;
using yaml::Node;
using yaml::sequence;
using yaml::string;
using yaml::words;

std::vector<std::string> entrypoint() {
    return {fmt::format("{}/bin/muster-init", bundle_path),
            fmt::format("{}/bin/muster", bundle_path), "run", "--"};
}

Node init_container(const Options& options, bool is_root, const Node* resources) {
    std::vector<std::pair<std::string, Node>> security{
        {"allowPrivilegeEscalation", literal("false")},
        {"readOnlyRootFilesystem", literal("true")},
        {"capabilities", mapping({{"drop", words({"ALL"})}})},
        {"seccompProfile", mapping({{"type", string("RuntimeDefault")}})}};
    if (!is_root) security.insert(security.begin(), {"runAsNonRoot", literal("true")});
    std::vector<std::pair<std::string, Node>> made{
        {"name", string(init_container_name)},
        {"image", string(options.image)},
        {"command", words({"muster", "install", std::string(bundle_path)})}};
    if (resources != nullptr) made.emplace_back("resources", *resources);
    made.emplace_back("securityContext", mapping(std::move(security)));
    made.emplace_back("volumeMounts",
                      sequence({mount(bundle_volume, bundle_path, Access::read_write)}));
    return mapping(std::move(made));
}

Node empty_volume(std::string_view name) {
    return mapping({{"name", string(name)}, {"emptyDir", mapping({})}});
}

Node secret_volume(std::string_view name, std::string_view secret) {
    return mapping({{"name", string(name)}, {"secret", mapping({{"secretName", string(secret)}})}});
}

Node mount(std::string_view volume, std::string_view path, Access access) {
    std::vector<std::pair<std::string, Node>> made{{"name", string(volume)},
                                                   {"mountPath", string(path)}};
    if (access == Access::read_only) made.emplace_back("readOnly", literal("true"));
    return mapping(std::move(made));
}

Node variable(std::string_view name, std::string_view value) {
    return mapping({{"name", string(name)}, {"value", string(value)}});
}

Node service(const Workload& workload) {
    std::vector<std::pair<std::string, Node>> metadata{{"name", string(workload.service)}};
    if (!workload.name_space.empty())
        metadata.emplace_back("namespace", string(workload.name_space));
    std::vector<std::pair<std::string, Node>> selector;
    for (const auto& [key, value] : workload.labels) selector.emplace_back(key, string(value));
    return mapping(
        {{"apiVersion", string("v1")},
         {"kind", string("Service")},
         {"metadata", mapping(std::move(metadata))},
         {"spec", mapping({{"clusterIP", string("None")},
                           {"publishNotReadyAddresses", literal("true")},
                           {"selector", mapping(std::move(selector))},
                           {"ports", sequence({mapping({{"name", string("flux")},
                                                        {"port", literal("8050")}})})}})}});
}

}  // namespace muster::inject
