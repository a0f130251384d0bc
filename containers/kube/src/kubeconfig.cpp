// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "base64.hpp"
#include "muster/base/fd.hpp"
#include "muster/kube/config.hpp"
#include "muster/yaml.hpp"

namespace muster::kube {
namespace {

using yaml::Node;

/// A kubeconfig while it is read; errors carry its path.
class Kubeconfig {
  public:
    Kubeconfig(std::string path, const Node& root) : path_(std::move(path)), root_(&root) {}

    Result<Config> read(std::string context) const;

  private:
    template <class... Args>
    tl::unexpected<Error> refuse(fmt::format_string<Args...> format, Args&&... args) const {
        return fail(Kind::config, "{}: {}", path_,
                    fmt::format(format, std::forward<Args>(args)...));
    }
    Result<const Node*> named(const std::string& list, const std::string& kind,
                              const std::string& name) const;
    std::string absolute(const std::string& file) const;
    template <class Text>
    Result<Material<Text>> material(const Node* node, const std::string& key) const;
    Result<void> read_cluster(const Node* cluster, const std::string& name, Config& config) const;
    Result<void> read_user(const Node* user, const std::string& name, Config& config) const;

    std::string path_;
    const Node* root_;
};

/// Where in "clusters", say, the item with this name is, and of that what is under "cluster".
Result<const Node*> Kubeconfig::named(const std::string& list, const std::string& kind,
                                      const std::string& name) const {
    for (const auto& item : yaml::items_of(root_, list)) {
        if (yaml::text_of(&item, "name") != name) continue;
        const Node* node = yaml::find(&item, kind);
        if (node != nullptr && node->is(Node::Kind::mapping)) return node;
        if (node == nullptr || node->is_empty()) return refuse("the {} {} is empty", kind, name);
        return refuse("the {} {} is no mapping", kind, name);
    }
    return refuse("there is no {} {} in {}", kind, name, list);
}

std::string Kubeconfig::absolute(const std::string& file) const {
    if (file.empty() || file.front() == '/') return file;
    const auto slash = path_.rfind('/');
    return slash == std::string::npos ? file : path_.substr(0, slash + 1) + file;
}

/// KEY-data, base64, or KEY, a file.
template <class Text>
Result<Material<Text>> Kubeconfig::material(const Node* node, const std::string& key) const {
    Material<Text> material;
    material.file = absolute(yaml::text_of(node, key));
    const std::string encoded = yaml::text_of(node, key + "-data");
    std::string text;
    if (!encoded.empty()) {
        const auto decoded = decode_base64(encoded);
        if (!decoded) return refuse("{}-data is no base64", key);
        text = *decoded;
        material.data = Text(text);
    } else if (!material.file.empty()) {
        auto read = read_file(material.file, 1u << 20);
        if (!read) return refuse("{}: {}", key, read.error().message);
        text = std::move(*read);
    }
    if (!material.empty() && text.find("-----BEGIN ") == std::string::npos)
        return refuse("{}: this is no PEM text", key);
    // OpenSSL would ask for its password on the terminal.
    if (text.find("ENCRYPTED") != std::string::npos)
        return refuse("{}: the key is encrypted; give one without a password", key);
    return material;
}

Result<void> Kubeconfig::read_cluster(const Node* cluster, const std::string& name,
                                      Config& config) const {
    config.server = yaml::text_of(cluster, "server");
    while (config.server.ends_with('/')) config.server.pop_back();
    if (config.server.empty()) return refuse("cluster {} has no server", name);
    if (!yaml::text_of(cluster, "proxy-url").empty())
        return refuse("cluster {} has a proxy-url, which is not read: set HTTPS_PROXY", name);
    config.skips_verification = yaml::text_of(cluster, "insecure-skip-tls-verify") == "true";
    config.server_name = yaml::text_of(cluster, "tls-server-name");
    TRY_ASSIGN(config.authority, material<std::string>(cluster, "certificate-authority"));
    if (config.skips_verification && !config.authority.empty())
        return refuse(
            "cluster {} has insecure-skip-tls-verify and a certificate-authority, which contradict "
            "each other",
            name);
    return {};
}

Result<void> Kubeconfig::read_user(const Node* user, const std::string& name,
                                   Config& config) const {
    struct Refused {
        std::string_view key, why;
    };
    constexpr std::array refused{
        Refused{"exec",
                "runs a program for its credentials; give it a token or a certificate, as "
                "kubectl create token makes one"},
        Refused{"auth-provider",
                "has an auth-provider, which Kubernetes 1.26 has dropped; give it "
                "a token or a certificate"},
        Refused{"username",
                "has a password, which no API server takes since Kubernetes 1.19; give "
                "it a token or a certificate"},
        Refused{"as", "acts as somebody else; give the account itself what it needs"},
    };
    for (const auto& [key, why] : refused)
        if (yaml::find(user, key) != nullptr) return refuse("user {} {}", name, why);
    config.token = Secret(yaml::text_of(user, "token"));
    config.token_file = absolute(yaml::text_of(user, "tokenFile"));
    // kubectl's order: the file is the newer one.
    if (!config.token_file.empty())
        if (auto read = read_file(config.token_file, 1u << 20); !read)
            return refuse("tokenFile: {}", read.error().message);
    TRY_ASSIGN(config.certificate, material<std::string>(user, "client-certificate"));
    TRY_ASSIGN(config.key, material<Secret>(user, "client-key"));
    if (config.certificate.empty() != config.key.empty())
        return refuse("user {} has a client-certificate without a client-key, or the other way",
                      name);
    return {};
}

Result<Config> Kubeconfig::read(std::string context) const {
    if (context.empty()) context = yaml::text_of(root_, "current-context");
    if (context.empty()) return refuse("there is no current-context; name a context");
    TRY_ASSIGN(const Node* chosen, named("contexts", "context", context));
    Config config;
    config.name_space = yaml::text_of(chosen, "namespace");
    if (config.name_space.empty()) config.name_space = "default";
    const std::string cluster_name = yaml::text_of(chosen, "cluster");
    TRY_ASSIGN(const Node* cluster, named("clusters", "cluster", cluster_name));
    TRY(read_cluster(cluster, cluster_name, config));
    const std::string user_name = yaml::text_of(chosen, "user");
    if (user_name.empty()) return config;
    TRY_ASSIGN(const Node* user, named("users", "user", user_name));
    TRY(read_user(user, user_name, config));
    return config;
}

}  // namespace

Result<Config> read_kubeconfig(const std::string& path, const std::string& context) {
    TRY_ASSIGN(std::string text, read_file(path));
    TRY_ASSIGN(const auto stream, yaml::Stream::parse(std::move(text), path));
    if (stream.documents().size() != 1 || !stream.documents().front().is(Node::Kind::mapping))
        return fail(Kind::malformed, "{}: this is no kubeconfig, which is one YAML mapping", path);
    return Kubeconfig(path, stream.documents().front()).read(context);
}

}  // namespace muster::kube
