// SPDX-License-Identifier: Apache-2.0
#include "muster/controller/minicluster.hpp"

#include <algorithm>

#include "check.hpp"
#include "names.hpp"
#include "read.hpp"
#include "sentences.hpp"
#include "shell_text.hpp"

namespace muster::controller {
namespace {

using json::Value;

constexpr std::string_view default_view = "ghcr.io/converged-computing/flux-view-ubuntu:tag-noble";
/// Of a DNS label (RFC 1035, 2.3.4).
constexpr std::size_t longest_label = 63;
constexpr const char* headless_path = "spec.network.headlessName";

std::uint32_t count_at(const Value& object, const std::string& key, std::uint32_t otherwise) {
    return static_cast<std::uint32_t>(object.get(key).as_integer().value_or(otherwise));
}

Result<void> check_kind(const Value& object) {
    const auto version = text_at(object, "apiVersion");
    const auto kind = text_at(object, "kind");
    if (kind != "MiniCluster" || version != group_version)
        return fail(Kind::malformed, "this is '{}' of '{}', not a MiniCluster of {}", kind, version,
                    group_version);
    if (text_at(object.get("metadata"), "name").empty())
        return fail(Kind::malformed, "metadata.name: the MiniCluster has no name");
    if (!object.get("spec").is_object())
        return fail(Kind::malformed, "spec: the MiniCluster has none");
    return {};
}

Result<void> read_sizes(MiniCluster& cluster, const Value& spec) {
    cluster.size = count_at(spec, "size", 1);
    if (cluster.size == 0)
        return fail(Kind::malformed, "spec.size: {}", sentence::no_pods);
    cluster.max_size = count_at(spec, "maxSize", 0);
    if (cluster.max_size == 0) cluster.max_size = cluster.size;
    if (cluster.max_size < cluster.size)
        return fail(Kind::malformed, "spec.maxSize: {}", sentence::less_than_size);
    if (const auto least = count_at(spec, "minSize", 0); least != 0) {
        if (least > cluster.size)
            return fail(Kind::malformed, "spec.minSize: {}", sentence::more_than_size);
        cluster.min_size = least;
    }
    cluster.tasks = count_at(spec, "tasks", 1);
    return {};
}

/// A DNS label (RFC 1035, 2.3.1), but for its first character.
bool is_label(std::string_view text) {
    constexpr std::string_view inside = "abcdefghijklmnopqrstuvwxyz0123456789-";
    return !text.empty() && text.find_first_not_of(inside) == text.npos && text.front() != '-' &&
           text.back() != '-';
}

Result<void> check_names(const MiniCluster& cluster) {
    const auto host = fmt::format("{}-{}", cluster.name, cluster.max_size - 1);
    const auto services = cluster.name + "-services";
    if (!is_label(cluster.name))
        return fail(Kind::malformed, "metadata.name: {}", sentence::no_host);
    if (host.size() > longest_label)
        return fail(Kind::malformed, "metadata.name: {}", sentence::long_host);
    if (!cluster.services.empty() && services.size() > longest_label)
        return fail(Kind::malformed, "metadata.name: {}", sentence::long_services_host);
    const auto* where = cluster.headless_name.empty() ? "metadata.name" : headless_path;
    const auto service =
        cluster.has_leader_service ? leader_service_name(cluster) : service_name(cluster);
    if (const auto given = cluster.headless_name.empty() ? cluster.name : cluster.headless_name;
        !is_label(given) || given.front() < 'a')
        return fail(Kind::malformed, "{}: {}", where, sentence::no_service);
    if (service.size() > longest_label)
        return fail(Kind::malformed, "{}: {}", where, sentence::long_service);
    return {};
}

/// The rehearsal broker needs no view of Flux; what is asked for is given.
bool has_view(const Value& spec) {
    const auto view = spec.get("flux").get("container");
    const bool rehearses = text_at(spec.get("muster"), "flux") == "none";
    return !is_set(view, "disable") && !(rehearses && view.members().empty());
}

void read_flux(MiniCluster& cluster, const Value& spec) {
    const auto flux = spec.get("flux");
    const auto view = flux.get("container");
    if (has_view(spec)) {
        const auto or_default = [&](const char* key, std::string_view value) {
            const auto given = text_at(view, key);
            return given.empty() ? std::string(value) : given;
        };
        cluster.view = View{.name = or_default("name", "flux-view"),
                            .image = or_default("image", default_view),
                            .mount_path = or_default("mountPath", "/mnt/flux"),
                            .working_dir = text_at(view, "workingDir"),
                            .pull_policy = is_set(view, "pullAlways") ? "Always" : "",
                            .python_path = text_at(view, "pythonPath"),
                            .resources = view.get("resources"),
                            .security_context = view.get("securityContext")};
    }
    cluster.has_leader_service = is_set(flux, "minimalService");
    cluster.connect_timeout = text_at(flux, "connectTimeout");
    cluster.option_flags = text_at(flux, "optionFlags");
    cluster.topology = text_at(flux, "topology");
    cluster.broker_config = text_at(flux, "brokerConfig");
    cluster.log_level = flux.get("logLevel").as_integer();
    cluster.environment = texts_at(flux, "environment");
    const auto scheduler = flux.get("scheduler");
    cluster.queue_policy = text_at(scheduler, "queuePolicy");
    cluster.loads_fluxion = cluster.view && !is_set(scheduler, "simple");
}

Result<Mode> mode_of(const Value& spec, const Value& container, const std::string& where) {
    const bool is_raw = is_set(container, "batchRaw");
    const bool has_jobs = is_raw || is_set(container, "batch");
    const bool is_launcher = is_set(container, "launcher");
    if (has_jobs && is_launcher)
        return fail(Kind::malformed, "{}: {}", where, sentence::two_modes);
    const auto script = text_at(container.get("commands"), "script");
    if (!script.empty() && !text_at(container, "command").empty())
        return fail(Kind::malformed, "{}.commands.script: {}", where, sentence::two_programs);
    if (!script.empty() && has_jobs)
        return fail(Kind::malformed, "{}.commands.script: {}", where, sentence::script_of_batch);
    const auto command = script.empty() ? text_at(container, "command") : script;
    if (command.empty() && (has_jobs || is_launcher))
        return fail(Kind::malformed, "{}.command: {}", where, sentence::no_command);
    if (command.empty()) return Mode::interactive;
    if (is_set(spec, "interactive"))
        return fail(Kind::malformed, "{}.command: {}", where, sentence::interactive_command);
    if (has_jobs) return is_raw ? Mode::batch_raw : Mode::batch;
    return is_launcher ? Mode::launcher : Mode::submit;
}

/// The index of the container in which Flux runs.
Result<std::size_t> find_flux(const std::vector<Value>& items) {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < items.size(); ++i)
        if (is_set(items[i], "runFlux")) found.push_back(i);
    if (items.size() == 1) return 0;
    if (items.empty())
        return fail(Kind::malformed, "spec.containers: {}", sentence::no_container);
    if (found.size() != 1)
        return fail(Kind::malformed, "spec.containers: {}", sentence::not_one_flux);
    return found.front();
}

/// What is text of sh needs a command after it: the image's own entrypoint is not known here.
Result<void> check_sidecar(const Value& item, const Container& sidecar, const std::string& where) {
    for (const auto* key : {"launcher", "batch", "batchRaw"})
        if (is_set(item, key))
            return fail(Kind::malformed, "{}.{}: {}", where, key, sentence::no_flux_here);
    for (const auto* key : {"script", "prefix"})
        if (!text_at(item.get("commands"), key).empty())
            return fail(Kind::malformed, "{}.commands.{}: {}", where, key, sentence::no_flux_here);
    if (sidecar.words.empty() && has_shell_text(sidecar))
        return fail(Kind::malformed, "{}.commands: {}", where, sentence::nothing_to_follow);
    return {};
}

Result<void> read_services(MiniCluster& cluster, const Value& spec) {
    std::size_t index = 0;
    for (const auto& item : spec.get("services").items()) {
        const auto where = fmt::format("spec.services[{}]", index);
        if (is_set(item, "runFlux"))
            return fail(Kind::malformed, "{}.runFlux: {}", where, sentence::no_flux_here);
        for (const auto* key : {"brokerPre", "workerPre"})
            if (!text_at(item.get("commands"), key).empty())
                return fail(Kind::malformed, "{}.commands.{}: {}", where, key,
                            sentence::no_rank_here);
        TRY_ASSIGN(auto service, read_container(item, where));
        TRY_ASSIGN(service.words, read_words(service.command, where + ".command"));
        TRY(check_sidecar(item, service, where));
        if (service.name.empty()) service.name = fmt::format("service-{}", index);
        if (const auto secret = text_at(item, "imagePullSecret"); !secret.empty())
            cluster.pull_secrets.push_back(secret);
        cluster.services.push_back(std::move(service));
        ++index;
    }
    return {};
}

Result<void> read_containers(MiniCluster& cluster, const Value& spec) {
    const auto items = spec.get("containers").items();
    TRY_ASSIGN(const auto flux, find_flux(items));
    for (std::size_t i = 0; i < items.size(); ++i) {
        const auto where = fmt::format("spec.containers[{}]", i);
        TRY_ASSIGN(auto container, read_container(items[i], where));
        if (const auto secret = text_at(items[i], "imagePullSecret"); !secret.empty())
            cluster.pull_secrets.push_back(secret);
        if (container.name.empty())
            container.name = i == flux ? cluster.name : fmt::format("{}-{}", cluster.name, i);
        if (i == flux) {
            TRY_ASSIGN(cluster.mode, mode_of(spec, items[i], where));
        }
        if (i != flux || !is_batch(cluster.mode)) {
            TRY_ASSIGN(container.words, read_words(container.command, where + ".command"));
        }
        if (i != flux) {
            TRY(check_sidecar(items[i], container, where));
            cluster.sidecars.push_back(std::move(container));
            continue;
        }
        if (!container.service_pre.empty())
            return fail(Kind::malformed, "{}.commands.servicePre: {}", where,
                        sentence::pre_of_flux);
        if (!container.pre_stop.empty())
            return fail(Kind::malformed, "{}.lifeCycle.preStopExec: {}", where,
                        sentence::stop_of_flux);
        cluster.flux = std::move(container);
    }
    TRY(read_services(cluster, spec));
    if (const auto secret = text_at(spec.get("flux").get("container"), "imagePullSecret");
        !secret.empty())
        cluster.pull_secrets.push_back(secret);
    std::sort(cluster.pull_secrets.begin(), cluster.pull_secrets.end());
    const auto twice = std::unique(cluster.pull_secrets.begin(), cluster.pull_secrets.end());
    cluster.pull_secrets.erase(twice, cluster.pull_secrets.end());
    return {};
}

}  // namespace

Result<MiniCluster> read_minicluster(const Value& object) {
    TRY(check_kind(object));
    const auto spec = object.get("spec");
    const auto metadata = object.get("metadata");
    TRY(check_fields(spec));
    MiniCluster cluster;
    cluster.name = text_at(metadata, "name");
    cluster.name_space = text_at(metadata, "namespace");
    cluster.uid = text_at(metadata, "uid");
    cluster.headless_name = text_at(spec.get("network"), "headlessName");
    TRY(read_sizes(cluster, spec));
    const auto deadline = spec.get("deadlineSeconds").as_integer();
    if (deadline == 0)
        return fail(Kind::malformed, "spec.deadlineSeconds: {}", sentence::ends_at_once);
    cluster.deadline = deadline.value_or(cluster.deadline);
    cluster.backoff_limit = spec.get("backoffLimit").as_integer().value_or(cluster.backoff_limit);
    cluster.job_labels = spec.get("jobLabels");
    cluster.archive = text_at(spec.get("archive"), "path");
    cluster.share_process_namespace = is_set(spec, "shareProcessNamespace");
    cluster.has_affinity = !is_set(spec.get("network"), "disableAffinity");
    const auto logging = spec.get("logging");
    cluster.is_quiet = is_set(logging, "quiet");
    cluster.is_verbose = is_set(logging, "debug");
    cluster.debugs_zeromq = is_set(logging, "zeromq");
    read_flux(cluster, spec);
    TRY(read_words(cluster.option_flags, "spec.flux.optionFlags"));
    TRY(read_containers(cluster, spec));
    TRY(check_names(cluster));
    cluster.pod = spec.get("pod");
    cluster.muster = spec.get("muster");
    return cluster;
}

}  // namespace muster::controller
