// SPDX-License-Identifier: Apache-2.0
#include "muster/inject.hpp"

#include <algorithm>

#include "additions.hpp"
#include "muster/yaml.hpp"
#include "workload.hpp"

namespace muster::inject {
namespace {

using yaml::find;
using yaml::items_of;
using yaml::Node;
using yaml::Path;
using yaml::text_of;

const Node* find_named(const Node* owner, std::string_view list, std::string_view name) {
    const auto& items = items_of(owner, list);
    const auto found = std::find_if(items.begin(), items.end(), [name](const Node& item) {
        return text_of(&item, "name") == name;
    });
    return found == items.end() ? nullptr : &*found;
}

/// "/muster//" is "/muster".
std::string plain_path(std::string_view path) {
    std::string plain;
    for (const char c : path)
        if (c != '/' || plain.empty() || plain.back() != '/') plain += c;
    if (plain.size() > 1 && plain.back() == '/') plain.pop_back();
    return plain;
}

/// Puts muster into the pods of one template.
class Pod {
  public:
    Pod(yaml::Stream& stream, Path place, const Workload& workload, const Options& options)
        : stream_(stream), place_(std::move(place)), workload_(workload), options_(options) {}

    /// Nothing where muster is there already, by whichever way it came.
    Result<void> inject() {
        if (spec() == nullptr) return fail(Kind::malformed, "its template has no spec");
        if (const auto* there = find_muster()) return check_size(*there);
        TRY(choose_container());
        TRY(wrap_command());
        TRY(set_variables());
        TRY(add_mounts());
        TRY(add_before());
        return add_volumes();
    }

  private:
    const Node* spec() const { return stream_.at(place_); }
    const Node* container() const { return stream_.at(container_); }
    Path in(const Path& place, std::string_view key) const {
        auto path = place;
        path.emplace_back(key);
        return path;
    }

    Result<void> choose_container() {
        if (text_of(spec(), "hostNetwork") == "true")
            return fail(Kind::malformed,
                        "hostNetwork gives its pods their nodes' names and ports: remove it");
        const auto& containers = items_of(spec(), "containers");
        if (containers.empty()) return fail(Kind::malformed, "its pods have no containers");
        std::size_t chosen = 0;
        if (options_.container) {
            while (chosen < containers.size() &&
                   text_of(&containers[chosen], "name") != *options_.container)
                ++chosen;
            if (chosen == containers.size())
                return fail(Kind::malformed, "its pods have no container '{}'",
                            *options_.container);
        } else if (containers.size() > 1) {
            return fail(Kind::malformed,
                        "its pods have {} containers: say which one with "
                        "--container NAME",
                        containers.size());
        }
        container_ = in(in(place_, "containers"), std::to_string(chosen));
        return {};
    }

    /// The container whose command begins with muster-init, wherever that is: an init container
    /// may be a sidecar.
    const Node* find_muster() const {
        for (const auto* list : {"initContainers", "containers"})
            for (const auto& each : items_of(spec(), list)) {
                const auto& command = items_of(&each, "command");
                const auto first = command.empty() ? std::string() : command.front().text;
                if (first.substr(first.rfind('/') + 1) == "muster-init") return &each;
            }
        return nullptr;
    }

    /// A Job that was made larger waits for brokers, or has too many.
    Result<void> check_size(const Node& container) const {
        const Node* size = find_named(&container, "env", "MUSTER_SIZE");
        const bool is_right = size == nullptr || find(size, "value") == nullptr ||
                              workload_.can_scale || text_of(size, "value") == workload_.size;
        if (is_right) return {};
        return fail(Kind::malformed, "MUSTER_SIZE is '{}' in container '{}', but it has {} pods",
                    text_of(size, "value"), text_of(&container, "name"), workload_.size);
    }

    Result<void> wrap_command() {
        if (items_of(container(), "command").empty())
            return fail(Kind::malformed,
                        "container '{}' has no command: write down its image's ENTRYPOINT, which "
                        "only the image knows, as command",
                        text_of(container(), "name"));
        return stream_.prepend(in(container_, "command"), entrypoint());
    }

    Result<void> set_variables() {
        TRY(check_size(*container()));
        TRY(set("MUSTER_SIZE", workload_.size));
        TRY(set("MUSTER_ORDINALS_START", workload_.ordinals_start));
        TRY(set("MUSTER_FLUX", options_.flux.value_or("")));
        // The one that is there may be from another volume than ours.
        has_certificate_ = find_named(container(), "env", "MUSTER_CERT") != nullptr ||
                           find_named(container(), "env", "MUSTER_SECRET") != nullptr;
        if (has_certificate_) return {};
        return set("MUSTER_CERT", fmt::format("{}/{}", curve_path, curve_file));
    }

    /// A variable that is not there yet; one that is stays, whatever it says.
    Result<void> set(std::string_view name, const std::string& value) {
        if (value.empty() || find_named(container(), "env", name) != nullptr) return {};
        return add(container_, "env", variable(name, value));
    }

    Result<void> add_mounts() {
        TRY(add_mount(bundle_volume, bundle_path, Access::read_only));
        TRY(add_mount(run_volume, run_path, Access::read_write));
        if (has_certificate_) return {};
        return add_mount(curve_volume, curve_path, Access::read_only);
    }

    Result<void> add_mount(std::string_view volume, std::string_view path, Access access) {
        for (const auto& each : items_of(container(), "volumeMounts")) {
            if (plain_path(text_of(&each, "mountPath")) != path) continue;
            return fail(Kind::malformed, "container '{}' mounts '{}' at {}, where muster's {} goes",
                        text_of(container(), "name"), text_of(&each, "name"), path, volume);
        }
        return add(container_, "volumeMounts", mount(volume, path, access));
    }

    Result<void> add_before() {
        const bool is_root = text_of(find(spec(), "securityContext"), "runAsUser") == "0";
        const Node* resources = find(container(), "resources");
        return add(place_, "initContainers", init_container(options_, is_root, resources));
    }

    Result<void> add_volumes() {
        TRY(add_volume(bundle_volume, empty_volume(bundle_volume)));
        TRY(add_volume(run_volume, empty_volume(run_volume)));
        if (has_certificate_) return {};
        const auto secret = options_.secret.value_or(workload_.name + "-curve");
        return add_volume(curve_volume, secret_volume(curve_volume, secret));
    }

    Result<void> add_volume(std::string_view name, const Node& volume) {
        if (find_named(spec(), "volumes", name) != nullptr)
            return fail(Kind::malformed,
                        "its pods have a volume '{}' that is not muster's: rename it", name);
        return add(place_, "volumes", volume);
    }

    /// To the list `key`, which is made where there is none.
    Result<void> add(const Path& owner, std::string_view key, const Node& item) {
        if (find(stream_.at(owner), key) == nullptr)
            return stream_.add_key(owner, key, yaml::sequence({item}));
        return stream_.append(in(owner, key), item);
    }

    yaml::Stream& stream_;
    Path place_;
    Path container_;
    const Workload& workload_;
    const Options& options_;
    bool has_certificate_ = false;
};

/// Whether the Service of the pods' names is there; one that gives them none is an error.
Result<bool> has_service(const yaml::Stream& stream, const Workload& workload) {
    for (const auto& each : stream.documents()) {
        if (text_of(&each, "kind") != "Service" ||
            text_of(find(&each, "metadata"), "name") != workload.service)
            continue;
        const auto* spec = find(&each, "spec");
        if (text_of(spec, "clusterIP") != "None")
            return fail(Kind::malformed, "its Service '{}' is not headless: set clusterIP to None",
                        workload.service);
        if (text_of(spec, "publishNotReadyAddresses") != "true")
            return fail(Kind::malformed,
                        "its Service '{}' names no pod before that is ready, which it is only "
                        "with the others: set publishNotReadyAddresses to true",
                        workload.service);
        return true;
    }
    return false;
}

}  // namespace

Result<std::string> inject(std::string manifest, std::string_view source, const Options& options) {
    TRY_ASSIGN(auto stream, yaml::Stream::parse(std::move(manifest), source));
    TRY_ASSIGN(const auto workload, find_workload(stream, source, options));
    const auto context = fmt::format("{}: {}", source, workload.what());
    for (const auto& place : workload.pod_specs)
        TRY(within(context, Pod(stream, place, workload, options).inject()));
    if (workload.subdomain_of)
        TRY(stream.add_key(*workload.subdomain_of, workload.subdomain_key,
                           yaml::string(workload.service)));
    if (workload.makes_services) return stream.text();
    TRY_ASSIGN(const bool is_there, within(context, has_service(stream, workload)));
    if (!is_there) TRY(stream.add_document(service(workload)));
    return stream.text();
}

}  // namespace muster::inject
