// SPDX-License-Identifier: Apache-2.0
#include "build.hpp"
#include "muster/base/words.hpp"
#include "read.hpp"
#include "sentences.hpp"

namespace muster::controller {
namespace {

using json::Value;

Value empty_dir(const Value& item) {
    auto source = Value::object();
    auto medium = text_at(item, "emptyDirMedium");
    if (medium == "memory") medium = "Memory";
    if (!medium.empty()) source.set("medium", text(medium));
    if (const auto limit = text_at(item, "emptyDirSizeLimit"); !limit.empty())
        source.set("sizeLimit", text(limit));
    return source;
}

Value config_map(const Value& item) {
    auto source = Value::object();
    source.set("name", item.get("configMapName"));
    const auto keys = item.get("items").members();
    if (keys.empty()) return source;
    auto list = Value::array();
    for (const auto& [key, path] : keys) list.append(object({{"key", text(key)}, {"path", path}}));
    return source.set("items", list);
}

/// The sources that `item` names; a volume has one.
std::vector<std::pair<std::string, Value>> sources_of(const Value& item) {
    std::vector<std::pair<std::string, Value>> sources;
    const auto named = [&](const char* key) { return !text_at(item, key).empty(); };
    if (named("hostPath"))
        sources.emplace_back("hostPath",
                             object({{"path", item.get("hostPath")}, {"type", text("Directory")}}));
    if (named("configMapName")) sources.emplace_back("configMap", config_map(item));
    if (named("claimName"))
        sources.emplace_back("persistentVolumeClaim",
                             object({{"claimName", item.get("claimName")}}));
    if (named("secretName"))
        sources.emplace_back("secret", object({{"secretName", item.get("secretName")}}));
    if (is_set(item, "emptyDir")) sources.emplace_back("emptyDir", empty_dir(item));
    if (named("csiDriver")) {
        auto source = object({{"driver", item.get("csiDriver")}});
        if (!item.get("csiDriverAttributes").members().empty())
            source.set("volumeAttributes", item.get("csiDriverAttributes"));
        sources.emplace_back("csi", source);
    }
    return sources;
}

Result<Volume> read_volume(const std::string& name, const Value& item, const std::string& where) {
    const auto sources = sources_of(item);
    if (sources.size() != 1)
        return fail(Kind::malformed, "{}: {}", where, sentence::not_one_source);
    Volume volume{.name = name,
                  .path = text_at(item, "path"),
                  .read_only = is_set(item, "readOnly"),
                  .source = object({{sources.front().first.c_str(), sources.front().second}})};
    // As the Flux Operator has it: what it calls an emptyDir is shared memory.
    if (is_set(item, "emptyDir") && volume.path.empty()) volume.path = "/dev/shm";
    if (volume.path.empty())
        return fail(Kind::malformed, "{}.path: {}", where, sentence::no_path);
    return volume;
}

}  // namespace

Result<std::vector<std::string>> read_words(const std::string& text, const std::string& where) {
    auto words = split_words(text);
    if (!words) return fail(Kind::malformed, "{}: {}", where, words.error().message);
    return words;
}

Result<Container> read_container(const Value& item, const std::string& where) {
    const auto commands = item.get("commands");
    const auto life = item.get("lifeCycle");
    Container container{.name = text_at(item, "name"),
                        .image = text_at(item, "image"),
                        .command = text_at(item, "command"),
                        .words = {},
                        .working_dir = text_at(item, "workingDir"),
                        .pull_policy = text_at(item, "imagePullPolicy"),
                        .ports = {},
                        .environment = texts_at(item, "environment"),
                        .secrets = {},
                        .post_start = {},
                        .pre_stop = {},
                        .resources = item.get("resources"),
                        .security_context = item.get("securityContext"),
                        .volumes = {},
                        .init = text_at(commands, "init"),
                        .pre = text_at(commands, "pre"),
                        .post = text_at(commands, "post"),
                        .worker_pre = text_at(commands, "workerPre"),
                        .broker_pre = text_at(commands, "brokerPre"),
                        .service_pre = text_at(commands, "servicePre"),
                        .prefix = text_at(commands, "prefix"),
                        .script = text_at(commands, "script")};
    if (container.image.empty())
        return fail(Kind::malformed, "{}.image: {}", where, sentence::no_image);
    if (is_set(item, "pullAlways")) container.pull_policy = "Always";
    for (const auto& port : item.get("ports").items())
        container.ports.push_back(*port.as_integer());
    for (const auto& [name, secret] : item.get("secrets").members()) {
        const SecretKey key{text_at(secret, "name"), text_at(secret, "key")};
        if (key.name.empty() || key.key.empty())
            return fail(Kind::malformed, "{}.secrets.{}: {}", where, name, sentence::no_secret);
        container.secrets.emplace(name, key);
    }
    for (const auto& [name, volume] : item.get("volumes").members()) {
        TRY_ASSIGN(auto read, read_volume(name, volume, fmt::format("{}.volumes.{}", where, name)));
        container.volumes.push_back(std::move(read));
    }
    TRY(read_words(container.prefix, where + ".commands.prefix"));
    TRY_ASSIGN(container.post_start,
               read_words(text_at(life, "postStartExec"), where + ".lifeCycle.postStartExec"));
    TRY_ASSIGN(container.pre_stop,
               read_words(text_at(life, "preStopExec"), where + ".lifeCycle.preStopExec"));
    return container;
}

}  // namespace muster::controller
