// SPDX-License-Identifier: Apache-2.0
#include "workload.hpp"

#include <algorithm>
#include <array>

namespace muster::inject {
namespace {

using yaml::find;
using yaml::items_of;
using yaml::Node;
using yaml::Path;
using yaml::text_of;

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kinds{{
    {"Job", "batch/v1"},
    {"StatefulSet", "apps/v1"},
    {"JobSet", "jobset.x-k8s.io/"},
    {"LeaderWorkerSet", "leaderworkerset.x-k8s.io/"},
}};

bool is_workload(const Node& document) {
    return std::any_of(kinds.begin(), kinds.end(), [&](const auto& kind) {
        return text_of(&document, "kind") == kind.first &&
               text_of(&document, "apiVersion").starts_with(kind.second);
    });
}

Path below(Path path, std::initializer_list<std::string_view> steps) {
    path.insert(path.end(), steps.begin(), steps.end());
    return path;
}

/// RFC 1035's label, as a Service's name and a pod's subdomain must be one.
bool is_label(std::string_view text) {
    const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
    const auto is_inner = [&](char c) {
        return is_letter(c) || (c >= '0' && c <= '9') || c == '-';
    };
    return !text.empty() && text.size() <= 63 && is_letter(text.front()) && text.back() != '-' &&
           std::all_of(text.begin(), text.end(), is_inner);
}

/// A decimal number as YAML's and ours, of six digits at most: more than any instance has pods.
bool is_number(std::string_view text, char least) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    return !text.empty() && text.size() <= 6 && std::all_of(text.begin(), text.end(), is_digit) &&
           (text.front() > '0' || (text.size() == 1 && least == '0'));
}

bool uses_references(const Node& node) {
    if (node.is(Node::Kind::alias) || node.is_anchored) return true;
    return std::any_of(node.items.begin(), node.items.end(), uses_references);
}

/// Takes a workload apart; one function a kind.
class Reader {
  public:
    Reader(const yaml::Stream& stream, std::size_t document, const Options& options)
        : stream_(stream), options_(options) {
        found_.place = {std::to_string(document)};
        const Node& root = stream.documents()[document];
        found_.kind = text_of(&root, "kind");
        found_.name = text_of(find(&root, "metadata"), "name");
        found_.name_space = text_of(find(&root, "metadata"), "namespace");
        spec_ = find(&root, "spec");
    }

    Result<Workload> read() {
        if (found_.name.empty()) return refuse("has no metadata.name, which its Service needs");
        if (uses_references(*stream_.at(found_.place)))
            return refuse("uses YAML's anchors and aliases: write out what they stand for");
        if (spec_ == nullptr) return refuse("has no spec");
        TRY(read_kind());
        if (!is_label(found_.service))
            return refuse(fmt::format(
                "its Service would be called '{}', which is no DNS label: set {} to one",
                found_.service,
                found_.kind == "Job" ? "spec.template.spec.subdomain" : "its name"));
        return found_;
    }

  private:
    tl::unexpected<Error> refuse(std::string_view why) const {
        return fail(Kind::malformed, "{}", why);
    }

    Result<void> read_kind() {
        if (found_.kind == "Job") return read_job_itself();
        if (found_.kind == "StatefulSet") return read_stateful_set();
        if (found_.kind == "JobSet") return read_job_set();
        return read_leader_worker_set();
    }

    /// Size and pods of a Job, or of one in a JobSet.
    Result<void> read_job(const Path& place) {
        const Node* spec = stream_.at(below(place, {"spec"}));
        if (text_of(spec, "completionMode") != "Indexed")
            return refuse("its pods have no numbers: set completionMode to Indexed");
        found_.size = text_of(spec, "completions");
        if (found_.size.empty() || text_of(spec, "parallelism") != found_.size)
            return refuse(
                "its pods do not run all at once: set completions and parallelism to "
                "one number");
        TRY(check_size("completions"));
        found_.pod_specs.push_back(below(place, {"spec", "template", "spec"}));
        return {};
    }

    Result<void> read_job_itself() {
        TRY(read_job(found_.place));
        found_.labels = {{"batch.kubernetes.io/job-name", found_.name}};
        return name_service(stream_.at(found_.pod_specs[0]), "subdomain", found_.pod_specs[0]);
    }

    Result<void> read_stateful_set() {
        if (text_of(spec_, "podManagementPolicy") != "Parallel")
            return refuse("its pods start one after another: set podManagementPolicy to Parallel");
        found_.can_scale = true;
        found_.size = text_of(spec_, "replicas");
        if (found_.size.empty()) found_.size = "1";
        TRY(check_size("replicas"));
        found_.ordinals_start = text_of(find(spec_, "ordinals"), "start");
        if (!found_.ordinals_start.empty() && !is_number(found_.ordinals_start, '0'))
            return refuse(fmt::format("its ordinals.start is '{}', which is no number of a pod",
                                      found_.ordinals_start));
        const Node* labels = find(find(spec_, "selector"), "matchLabels");
        for (std::size_t i = 0; labels != nullptr && i + 1 < labels->items.size(); i += 2)
            found_.labels.emplace_back(labels->items[i].text, labels->items[i + 1].text);
        if (found_.labels.empty()) return refuse("has no spec.selector.matchLabels");
        found_.pod_specs = {below(found_.place, {"spec", "template", "spec"})};
        return name_service(spec_, "serviceName", below(found_.place, {"spec"}));
    }

    Result<void> read_job_set() {
        const auto& jobs = items_of(spec_, "replicatedJobs");
        std::vector<std::size_t> chosen;
        for (std::size_t i = 0; i < jobs.size(); ++i)
            if (!options_.job || text_of(&jobs[i], "name") == *options_.job) chosen.push_back(i);
        if (chosen.empty())
            return refuse(options_.job ? fmt::format("has no job '{}' among its replicatedJobs",
                                                     *options_.job)
                                       : "has no replicatedJobs");
        if (chosen.size() > 1)
            return refuse(
                fmt::format("has {} replicatedJobs: say which one with --job NAME", chosen.size()));
        const Node* network = find(spec_, "network");
        if (text_of(network, "enableDNSHostnames") == "false")
            return refuse("its pods have no names: set network.enableDNSHostnames to true");
        found_.service = text_of(network, "subdomain");
        if (found_.service.empty()) found_.service = found_.name;
        found_.labels = {{"jobset.sigs.k8s.io/jobset-name", found_.name}};
        return read_job(below(
            found_.place, {"spec", "replicatedJobs", std::to_string(chosen.front()), "template"}));
    }

    Result<void> read_leader_worker_set() {
        const auto place = below(found_.place, {"spec", "leaderWorkerTemplate"});
        for (const auto* name : {"leaderTemplate", "workerTemplate"})
            if (stream_.at(below(place, {name})) != nullptr)
                found_.pod_specs.push_back(below(place, {name, "spec"}));
        if (found_.pod_specs.empty())
            return refuse("has no spec.leaderWorkerTemplate.workerTemplate");
        found_.makes_services =
            text_of(find(spec_, "networkConfig"), "subdomainPolicy") == "UniquePerReplica";
        found_.can_scale = true;  // the groups tell their pods
        found_.service = found_.name;
        found_.labels = {{"leaderworkerset.sigs.k8s.io/name", found_.name}};
        return {};
    }

    /// The Service that `key` names, or else the workload's own name, to be written there.
    Result<void> name_service(const Node* mapping, std::string_view key, const Path& place) {
        found_.service = text_of(mapping, key);
        if (!found_.service.empty()) return {};
        if (find(mapping, key) != nullptr)
            return refuse(fmt::format("its {} is empty: leave it out, or name a Service", key));
        found_.service = found_.name;
        found_.subdomain_of = place;
        found_.subdomain_key = key;
        return {};
    }

    Result<void> check_size(std::string_view key) const {
        if (is_number(found_.size, '1')) return {};
        return refuse(fmt::format("its {} is '{}', which is no number of pods from 1 to 999999",
                                  key, found_.size));
    }

    const yaml::Stream& stream_;
    const Options& options_;
    const Node* spec_ = nullptr;
    Workload found_;
};

}  // namespace

Result<Workload> find_workload(const yaml::Stream& stream, std::string_view source,
                               const Options& options) {
    std::vector<std::size_t> chosen;
    for (std::size_t i = 0; i < stream.documents().size(); ++i) {
        const Node& document = stream.documents()[i];
        const bool is_named =
            !options.workload || text_of(find(&document, "metadata"), "name") == *options.workload;
        if (is_workload(document) && is_named) chosen.push_back(i);
    }
    const auto named = options.workload ? fmt::format(" called '{}'", *options.workload) : "";
    if (chosen.empty())
        return fail(Kind::malformed,
                    "{}: there is no Job, StatefulSet, JobSet or LeaderWorkerSet{} in it", source,
                    named);
    if (chosen.size() > 1)
        return fail(Kind::malformed,
                    "{}: there are {} workloads{} in it: say which one with --name NAME", source,
                    chosen.size(), named);
    const auto& root = stream.documents()[chosen.front()];
    return within(fmt::format("{}: line {}: {} {}", source, stream.line_of(root),
                              text_of(&root, "kind"), text_of(find(&root, "metadata"), "name")),
                  Reader(stream, chosen.front(), options).read());
}

}  // namespace muster::inject
