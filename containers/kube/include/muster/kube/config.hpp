// SPDX-License-Identifier: Apache-2.0
// How to reach an API server, and as whom.
#pragma once

#include <string>
#include <utility>

#include "muster/base/environment.hpp"
#include "muster/base/result.hpp"

namespace muster::kube {

/// A token or a private key. It has no formatter, so that none gets into a log or an error.
class Secret {
  public:
    Secret() = default;
    explicit Secret(std::string text) : text_(std::move(text)) {}
    const std::string& reveal() const { return text_; }
    bool empty() const { return text_.empty(); }

  private:
    std::string text_;
};

/// PEM text, or the file that it is read from at each connection; data goes before the file.
template <class Text>
struct Material {
    Text data;
    std::string file;
    bool empty() const { return data.empty() && file.empty(); }
};

struct Config {
    std::string server;               ///< "https://10.0.0.1:6443", without a slash at its end
    std::string name_space;           ///< where objects are that name none; "default" at least
    Material<std::string> authority;  ///< who signs the server's certificate; empty: the system's
    bool skips_verification = false;
    std::string server_name;  ///< in the server's certificate; empty: the host in `server`
    Material<std::string> certificate;  ///< the client's
    Material<Secret> key;
    Secret token;
    std::string token_file;  ///< read again once a minute, and when the token was refused
};

/// Where the kubelet puts a pod's service account.
inline constexpr const char* service_account_directory =
    "/var/run/secrets/kubernetes.io/serviceaccount";

/// What a pod is given (Kubernetes, "Accessing the API from a Pod"): KUBERNETES_SERVICE_HOST and
/// _PORT, and in `directory` token, ca.crt and namespace. Errors: config, when one is missing.
Result<Config> in_cluster_config(const Environment& environment,
                                 const std::string& directory = service_account_directory);

/// A kubeconfig file (Kubernetes, "Kubeconfig (v1)") and its context, the current one where
/// `context` is empty. Relative paths are relative to the file. Errors: io; malformed; config (no
/// such context, cluster or user; exec plugins, auth providers, passwords and impersonation are
/// refused).
Result<Config> read_kubeconfig(const std::string& path, const std::string& context = "");

/// `kubeconfig` where it is not empty, KUBECONFIG, the pod's own service account, or
/// ~/.kube/config, whichever comes first. Errors: those of the one that was taken; config, when
/// there is none.
Result<Config> find_config(const Environment& environment, const std::string& kubeconfig = "",
                           const std::string& context = "");

}  // namespace muster::kube
