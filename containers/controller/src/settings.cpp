// SPDX-License-Identifier: Apache-2.0
#include "settings.hpp"

#include <fmt/format.h>

#include "names.hpp"
#include "read.hpp"
#include "shell_text.hpp"

namespace muster::controller {
namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

std::string_view name_of(Mode mode) {
    switch (mode) {
        case Mode::submit:
            return "submit";
        case Mode::launcher:
            return "launcher";
        case Mode::batch:
            return "batch";
        case Mode::batch_raw:
            return "batch-raw";
        case Mode::interactive:
            break;
    }
    return "interactive";
}

/// Broker attributes, one a line.
std::string options(const MiniCluster& cluster) {
    std::string lines;
    const auto add = [&](std::string_view name, std::string_view value) {
        lines += fmt::format("{}{}={}", lines.empty() ? "" : "\n", name, value);
    };
    if (!cluster.connect_timeout.empty()) add("tbon.connect_timeout", cluster.connect_timeout);
    if (cluster.debugs_zeromq) add("tbon.zmqdebug", "1");
    if (cluster.log_level || cluster.is_quiet)
        add("log-stderr-level", fmt::format("{}", cluster.is_quiet ? 0 : *cluster.log_level));
    return lines;
}

std::string joined(std::string_view first, std::string_view second) {
    return fmt::format("{}{}{}", first, first.empty() || second.empty() ? "" : " ", second);
}

std::string line(const std::string& text) {
    return text.empty() || text.back() == '\n' ? text : text + '\n';
}

}  // namespace

Settings settings(const MiniCluster& cluster) {
    Settings made;
    const auto add = [&](const char* name, std::string value) {
        if (!value.empty()) made.emplace_back(fmt::format("MUSTER_{}", name), std::move(value));
    };
    add("SIZE", std::to_string(cluster.size));
    if (cluster.max_size != cluster.size) add("MAX_SIZE", std::to_string(cluster.max_size));
    if (cluster.min_size) add("MIN_SIZE", std::to_string(*cluster.min_size));
    add("CERT", fmt::format("{}/curve.cert", curve_path));
    const auto flux = text_at(cluster.muster, "flux");
    add("FLUX", flux.empty() && cluster.view ? fmt::format("{}/bin/flux", view_path) : flux);
    add("MODE", std::string(name_of(cluster.mode)));
    // The leader's end is the Job's. Until then a follower has its place: a completed index never
    // comes back, and the replacement of an evicted leader would miss it.
    add("ON_END", "rejoin");
    if (cluster.tasks != 0 && (cluster.mode == Mode::submit || cluster.mode == Mode::batch_raw))
        add("TASKS", std::to_string(cluster.tasks));
    add("FLAGS", joined(cluster.option_flags, cluster.is_verbose ? "-vvv" : ""));
    add("WRAP", cluster.flux.prefix);
    add("TOPOLOGY", cluster.topology);
    add("OPTION", options(cluster));
    if (files(cluster).contains("broker.toml"))
        add("CONFIG", fmt::format("{}/broker.toml", files_path));
    if (cluster.is_quiet) add("LOG_LEVEL", "error");
    if (has_host_network(cluster)) {
        add("NAME", cluster.name);
        add("SERVICE", service_name(cluster));
    }
    if (const auto port = cluster.muster.get("port").as_integer())
        add("PORT", std::to_string(*port));
    if (cluster.has_leader_service)
        add("LEADER_ADDRESS",
            cluster.leader_address.empty() ? leader_service_name(cluster) : cluster.leader_address);
    add("DOMAIN", text_at(cluster.muster, "domain"));
    add("IP", text_at(cluster.muster, "ip"));
    if (const auto grace = cluster.muster.get("grace").as_integer())
        add("GRACE", fmt::format("{}s", *grace));
    return made;
}

std::map<std::string, std::string> files(const MiniCluster& cluster) {
    std::map<std::string, std::string> made;
    if (is_batch(cluster.mode)) made.emplace("batch", line(cluster.flux.command));
    if (!cluster.flux.script.empty()) made.emplace("script", line(cluster.flux.script));
    if (!cluster.broker_config.empty())
        made.emplace("broker.toml", line(cluster.broker_config));
    else if (!cluster.queue_policy.empty())
        made.emplace("broker.toml", fmt::format("[sched-fluxion-qmanager]\nqueue-policy = \"{}\"\n",
                                                cluster.queue_policy));
    return made;
}

std::string annotation_of(const std::string& file) {
    return "muster.flux-framework.org/" + file;
}

std::string muster_image(const MiniCluster& cluster) {
    const auto image = text_at(cluster.muster, "image");
    return image.empty() ? "muster" : image;
}

bool has_own_muster(const MiniCluster& cluster) {
    return cluster.flux.image == muster_image(cluster);
}

std::string muster_program(const MiniCluster& cluster, std::string_view name) {
    return has_own_muster(cluster) ? std::string(name)
                                   : fmt::format("{}/bin/{}", bundle_path, name);
}

std::vector<std::string> entrypoint(const MiniCluster& cluster) {
    std::vector<std::string> made{muster_program(cluster, "muster-init"),
                                  muster_program(cluster, "muster"), "run", "--"};
    const auto batch = fmt::format("{}/batch", files_path);
    auto program = cluster.flux.words;
    if (!cluster.flux.script.empty()) program = {"sh", fmt::format("{}/script", files_path)};
    if (cluster.mode == Mode::batch) program = {batch};
    if (cluster.mode == Mode::batch_raw) program = {"sh", batch};
    made.insert(made.end(), program.begin(), program.end());
    return with_shell_text(cluster.flux, cluster.archive, std::move(made));
}

std::vector<std::string> escape(std::vector<std::string> words) {
    for (auto& word : words)
        for (auto at = word.find('$'); at != word.npos; at = word.find('$', at + 2))
            word.insert(at, 1, '$');
    return words;
}

}  // namespace muster::controller
