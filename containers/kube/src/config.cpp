// SPDX-License-Identifier: Apache-2.0
#include "muster/kube/config.hpp"

#include "muster/base/fd.hpp"

namespace muster::kube {
namespace {

std::string variable(const Environment& environment, const std::string& name) {
    const auto found = environment.find(name);
    return found == environment.end() ? "" : found->second;
}

bool is_there(const std::string& path) {
    return read_file(path).has_value();
}

}  // namespace

Result<Config> in_cluster_config(const Environment& environment, const std::string& directory) {
    const std::string host = variable(environment, "KUBERNETES_SERVICE_HOST");
    const std::string port = variable(environment, "KUBERNETES_SERVICE_PORT");
    if (host.empty() || port.empty())
        return fail(Kind::config,
                    "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: this is no "
                    "pod; name a kubeconfig");
    const bool is_v6 = host.find(':') != std::string::npos;
    Config config;
    config.server =
        fmt::format("https://{}{}{}:{}", is_v6 ? "[" : "", host, is_v6 ? "]" : "", port);
    config.token_file = directory + "/token";
    config.authority.file = directory + "/ca.crt";
    for (const auto& path : {config.token_file, config.authority.file})
        if (auto read = read_file(path); !read)
            return fail(Kind::config,
                        "{}; the pod needs a service account (automountServiceAccountToken: true)",
                        read.error().message);
    config.name_space = read_record(directory + "/namespace", 4096);
    if (config.name_space.empty()) config.name_space = "default";
    return config;
}

Result<Config> find_config(const Environment& environment, const std::string& kubeconfig,
                           const std::string& context) {
    if (!kubeconfig.empty()) return read_kubeconfig(kubeconfig, context);
    if (const auto path = variable(environment, "KUBECONFIG"); !path.empty()) {
        if (path.find(':') != std::string::npos)
            return fail(Kind::config,
                        "KUBECONFIG names several files: {}; name one, as kubectl config view "
                        "--flatten makes it",
                        path);
        return within("KUBECONFIG", read_kubeconfig(path, context));
    }
    if (!variable(environment, "KUBERNETES_SERVICE_HOST").empty())
        return in_cluster_config(environment);
    const std::string home = variable(environment, "HOME") + "/.kube/config";
    if (is_there(home)) return read_kubeconfig(home, context);
    return fail(Kind::config,
                "no way to an API server: this is no pod, KUBECONFIG is not set, and there is no "
                "~/.kube/config; name a kubeconfig");
}

}  // namespace muster::kube
