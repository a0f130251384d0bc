// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <string_view>

#include "muster/controller/service.hpp"

namespace muster::controller {
namespace {

/// One flag: a text, or a truth where `truth` is set.
struct Flag {
    std::string_view name;
    std::string_view value;
    std::string_view meaning;
    std::string ServiceOptions::* text;
    bool ServiceOptions::* truth = nullptr;
};

constexpr std::array flags{
    Flag{"--kubeconfig", "FILE",
         "how to reach the cluster [KUBECONFIG, the pod's service account, ~/.kube/config]",
         &ServiceOptions::kubeconfig},
    Flag{"--context", "NAME", "which context of it [the current one]", &ServiceOptions::context},
    Flag{"--namespace", "NAME", "the one namespace to look after [all]",
         &ServiceOptions::name_space},
    Flag{"--image", "NAME", "what muster is installed from where a MiniCluster names none [muster]",
         &ServiceOptions::image},
    Flag{"--leader-elect", "", "of several controllers let one act, by a Lease", nullptr,
         &ServiceOptions::elects_leader},
    Flag{"--lease-namespace", "NAME", "where the Lease is [the pod's]",
         &ServiceOptions::lease_namespace},
    Flag{"--metrics-address", "ADDRESS:PORT",
         "where /metrics, /livez and /readyz are; or none [:8080]", &ServiceOptions::address},
    Flag{"--log-level", "LEVEL", "debug, info, warning or error [info]",
         &ServiceOptions::log_level},
};

}  // namespace

std::string service_flags() {
    std::string made;
    for (const auto& flag : flags)
        made += fmt::format("    {:<33} {}\n", fmt::format("{} {}", flag.name, flag.value),
                            flag.meaning);
    return made;
}

Result<ServiceOptions> read_service_options(const std::vector<std::string>& words) {
    ServiceOptions options;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const auto& word = words[i];
        if (word == "--help" || word == "-h") {
            options.help = true;
            continue;
        }
        const auto equals = word.find('=');
        const auto name = word.substr(0, equals);
        const auto* const flag = std::ranges::find(flags, name, &Flag::name);
        if (flag == flags.end())
            return fail(Kind::usage, "unknown flag '{}': see muster-controller --help", name);
        if (flag->truth != nullptr) {
            const auto value = equals == word.npos ? "true" : word.substr(equals + 1);
            if (value != "true" && value != "false")
                return fail(Kind::usage, "flag '{}': '{}' is neither true nor false", name, value);
            options.*flag->truth = value == "true";
            continue;
        }
        if (equals == word.npos && i + 1 == words.size())
            return fail(Kind::usage, "flag '{}' needs a value", name);
        options.*flag->text = equals == word.npos ? words[++i] : word.substr(equals + 1);
        if ((options.*flag->text).empty())
            return fail(Kind::usage, "the value of '{}' is empty", name);
    }
    constexpr std::array levels{"debug", "info", "warning", "error"};
    if (std::ranges::find(levels, options.log_level) == levels.end())
        return fail(Kind::usage, "--log-level: '{}' is none of debug, info, warning, error",
                    options.log_level);
    return options;
}

}  // namespace muster::controller
