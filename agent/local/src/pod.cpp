// SPDX-License-Identifier: Apache-2.0
#include "muster/local/pod.hpp"

#include <array>

namespace muster::local {
namespace {

// Settings that identify a pod (design, section 2): each pod has its own, whatever surrounds `up`.
constexpr std::array<const char*, 9> identity_settings = {
    "MUSTER_NAME",           "MUSTER_SERVICE", "MUSTER_NAMESPACE",
    "MUSTER_LEADER_ADDRESS", "MUSTER_BIND",    "MUSTER_IP",
    "MUSTER_ORDINALS_START", "MUSTER_INIT_FD", "JOB_COMPLETION_INDEX"};

}  // namespace

Environment pod_environment(const Environment& users, const UpOptions& options,
                            const Instance& instance, std::uint32_t rank,
                            const std::string& directory) {
    Environment result = users;
    for (const auto& [name, value] : options.settings) result[name] = value;
    for (const char* name : identity_settings) result.erase(name);
    result["MUSTER_RANK"] = std::to_string(rank);
    result["MUSTER_SIZE"] = std::to_string(instance.size);
    result["MUSTER_MAX_SIZE"] = std::to_string(instance.max_size);
    result["MUSTER_HOSTS"] = instance.max_size == 1
                                 ? fmt::format("{}0", pod_stem)
                                 : fmt::format("{}[0-{}]", pod_stem, instance.max_size - 1);
    result["MUSTER_DOMAIN"] = pod_domain;
    result["MUSTER_ADDRESSES"] = instance.addresses;
    result["MUSTER_DNS"] = instance.name_server;
    result["MUSTER_PORT"] = std::to_string(instance.port);
    result["MUSTER_FLUX"] = instance.flux;
    result["MUSTER_MODE"] = options.mode;
    result["MUSTER_DIR"] = directory;
    result["TMPDIR"] = directory + "/tmp";
    const auto grace = std::chrono::duration_cast<std::chrono::milliseconds>(options.grace);
    result["MUSTER_GRACE"] = fmt::format("{:g}", static_cast<double>(grace.count()) / 1000);
    if (options.min_size) result["MUSTER_MIN_SIZE"] = std::to_string(*options.min_size);
    if (!instance.certificate.empty()) result["MUSTER_CERT"] = instance.certificate;
    const std::string flags = instance.labelled ? "--label-io " + options.flags : options.flags;
    if (!flags.empty()) result["MUSTER_FLAGS"] = flags;
    return result;
}

std::vector<std::string> pod_argv(const UpOptions& options) {
    std::vector<std::string> argv = options.pod_argv;
    if (argv.empty()) {
        argv = {options.muster_init, options.muster, "run"};
        argv.insert(argv.end(), options.run_flags.begin(), options.run_flags.end());
        argv.emplace_back("--");
    }
    argv.insert(argv.end(), options.command.begin(), options.command.end());
    return argv;
}

}  // namespace muster::local
