// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "build.hpp"
#include "names.hpp"
#include "patch.hpp"
#include "pod.hpp"
#include "read.hpp"
#include "settings.hpp"
#include "shell_text.hpp"

namespace muster::controller {
namespace {

using json::Value;

/// Where a container is: the one with Flux, one beside it, or one of the pod of services.
enum class Place { flux, sidecar, service };

/// The bundle needs no privilege at all.
Value install_security() {
    return object({{"allowPrivilegeEscalation", truth(false)},
                   {"readOnlyRootFilesystem", truth(true)},
                   {"capabilities", object({{"drop", words({"ALL"})}})}});
}

Value mount(const std::string& volume, const std::string& path, bool is_read_only = false,
            const char* part = "") {
    return object({{"name", text(volume)},
                   {"mountPath", text(path)},
                   {"subPath", text_or_none(part)},
                   {"readOnly", is_read_only ? truth(true) : Value()}});
}

Value variable(const std::string& name, const std::string& value) {
    return object({{"name", text(name)}, {"value", text(value)}});
}

Value exec(const std::vector<std::string>& words) {
    return object({{"exec", object({{"command", controller::words(words)}})}});
}

/// `muster WORD...`
Value run_muster(const MiniCluster& cluster, std::vector<std::string> more) {
    more.insert(more.begin(), muster_program(cluster, "muster"));
    return exec(more);
}

Value environment(const MiniCluster& cluster, const Container& container, Place place) {
    const bool is_flux = place == Place::flux;
    auto made = Value::array();
    if (is_flux)
        for (const auto& [name, value] : settings(cluster)) made.append(variable(name, value));
    else if (place == Place::sidecar)
        made.append(variable("FLUX_URI", fmt::format("local://{}/run/local", run_path)));
    if (is_flux && cluster.loads_fluxion)
        made.append(variable("FLUX_RC_EXTRA", fmt::format("{}/etc/flux", view_path)));
    auto variables = container.environment;
    for (const auto& each : cluster.environment) variables.insert(each);
    if (place != Place::service && cluster.view && !cluster.view->python_path.empty())
        variables.emplace("PYTHONPATH", cluster.view->python_path);
    for (const auto& [name, value] : variables) made.append(variable(name, value));
    for (const auto& [name, secret] : container.secrets)
        made.append(object(
            {{"name", text(name)},
             {"valueFrom", object({{"secretKeyRef", object({{"name", text(secret.name)},
                                                            {"key", text(secret.key)}})}})}}));
    return made;
}

Value mounts(const MiniCluster& cluster, const Container& container, Place place) {
    auto made = Value::array();
    if (place != Place::service) made.append(mount("muster-run", run_path));
    if (place == Place::flux) {
        if (!has_own_muster(cluster)) made.append(mount("muster-bundle", bundle_path, true));
        made.append(mount("muster-curve", curve_path, true));
        if (!files(cluster).empty()) made.append(mount("muster-files", files_path, true));
    }
    if (place != Place::service && cluster.view) {
        made.append(mount(cluster.view->name, cluster.view->mount_path));
        made.append(mount(cluster.view->name, view_path, true, "view"));
        made.append(mount(cluster.view->name, "/opt/software", true, "software"));
    }
    for (const auto& volume : container.volumes)
        made.append(mount(volume.name, volume.path, volume.read_only));
    return made;
}

/// Of a node's network the brokers' port is named, too, so that no node is given two of them.
Value ports(const MiniCluster& cluster, const Container& container, bool is_flux) {
    auto all = container.ports;
    const auto port = broker_port(cluster);
    if (is_flux && has_host_network(cluster) && std::ranges::find(all, port) == all.end())
        all.push_back(port);
    if (all.empty()) return {};
    auto made = Value::array();
    for (const auto each : all)
        made.append(object({{"containerPort", number(each)}, {"protocol", text("TCP")}}));
    return made;
}

Value life_cycle(const MiniCluster& cluster, const Container& container, bool is_flux) {
    const auto run = [](const std::vector<std::string>& words) {
        return words.empty() ? Value() : exec(escape(words));
    };
    const auto made =
        object({{"postStart", run(container.post_start)},
                {"preStop", is_flux ? run_muster(cluster, {"leave"}) : run(container.pre_stop)}});
    return made.members().empty() ? Value() : made;
}

Value container_of(const MiniCluster& cluster, const Container& container, Place place) {
    const bool is_flux = place == Place::flux;
    const auto command =
        is_flux ? entrypoint(cluster) : with_shell_text(container, "", container.words);
    auto made = object({{"name", text(container.name)},
                        {"image", text(container.image)},
                        {"imagePullPolicy", text_or_none(container.pull_policy)},
                        {"command", command.empty() ? Value() : words(escape(command))},
                        {"workingDir", text_or_none(container.working_dir)},
                        {"ports", ports(cluster, container, is_flux)},
                        {"env", environment(cluster, container, place)},
                        {"resources", container.resources},
                        {"securityContext", container.security_context},
                        {"lifecycle", life_cycle(cluster, container, is_flux)},
                        {"volumeMounts", mounts(cluster, container, place)}});
    if (!is_flux) return made;
    // Longer than MUSTER_WAIT (10m), whose end says what was missing.
    auto startup = run_muster(cluster, {"probe", "startup"});
    startup.set("periodSeconds", number(2)).set("failureThreshold", number(330));
    made.set("terminationMessagePolicy", text("FallbackToLogsOnError"));
    const auto probes = cluster.muster.get("probes");
    const auto set = [&](const char* kind, const Value& probe) {
        const auto patch = probes.has(kind) ? probes.get(kind) : Value::object();
        made.set(std::string(kind) + "Probe", patched(probe, patch));
    };
    set("startup", startup);
    set("readiness", run_muster(cluster, {"probe", "ready"}));
    set("liveness", run_muster(cluster, {"probe", "live"}));
    return made;
}

}  // namespace

Value init_containers(const MiniCluster& cluster) {
    auto made = Value::array();
    // With other resources than the pod's containers it could lose its QoS class Guaranteed.
    if (!has_own_muster(cluster))
        made.append(object({{"name", text("muster-install")},
                            {"image", text(muster_image(cluster))},
                            // "muster" without a tag would be pulled each time, from nowhere.
                            {"imagePullPolicy", text("IfNotPresent")},
                            {"command", words({"muster", "install", bundle_path})},
                            {"resources", cluster.flux.resources},
                            {"securityContext", install_security()},
                            {"volumeMounts", list({mount("muster-bundle", bundle_path)})}}));
    if (!cluster.view) return made.items().empty() ? Value() : made;
    const auto& view = *cluster.view;
    made.append(
        object({{"name", text(view.name)},
                {"image", text(view.image)},
                {"imagePullPolicy", text_or_none(view.pull_policy)},
                {"command", words({"cp", "-a", view_path, "/opt/software", view.mount_path + "/"})},
                {"workingDir", text_or_none(view.working_dir)},
                {"resources", view.resources.is_null() ? cluster.flux.resources : view.resources},
                {"securityContext", view.security_context},
                {"volumeMounts", list({mount(view.name, view.mount_path)})}}));
    return made;
}

Value containers(const MiniCluster& cluster) {
    auto made = Value::array();
    made.append(container_of(cluster, cluster.flux, Place::flux));
    for (const auto& sidecar : cluster.sidecars)
        made.append(container_of(cluster, sidecar, Place::sidecar));
    return made;
}

Value service_containers(const MiniCluster& cluster) {
    auto made = Value::array();
    for (const auto& service : cluster.services)
        made.append(container_of(cluster, service, Place::service));
    return made;
}

}  // namespace muster::controller
