// SPDX-License-Identifier: Apache-2.0
// [resource], as src/modules/resource/resource.c and src/common/librlist/{rlist,verify_config}.c of
// Flux 0.88 read it.
#include <algorithm>
#include <array>
#include <unordered_map>

#include "muster/base/hostlist.hpp"
#include "muster/base/idset.hpp"
#include "reader.hpp"
#include "tables.hpp"

namespace muster::broker_config {
namespace {

/// Flux reads these ids into a 32-bit set.
constexpr std::uint32_t most_ids = 1U << 24;
/// What Flux refuses in a property here. RFC 20 also bars "!", which Flux lets pass.
constexpr std::string_view banned_in_properties = "&'\"^`|()";

/// A host of [[resource.config]] and whether any entry gives it cores or gpus.
struct Assignment {
    std::vector<std::string> order;
    std::unordered_map<std::string, bool> has_resources;
};

Result<bool> check_idset(const Value& entry, std::string_view path, std::string_view key,
                         const std::optional<std::string>& text) {
    if (!text) return false;
    const auto ids = Idset::parse(*text, most_ids);
    if (!ids) return refuse(entry.place, path, fmt::format("invalid idset {}='{}'", key, *text));
    return !ids->empty();
}

Result<std::vector<std::string>> read_properties(const Value& entry, std::string_view path,
                                                 const Value* value) {
    if (value == nullptr) return std::vector<std::string>{};
    const auto context = [&](std::string_view reason) { return refuse(entry.place, path, reason); };
    if (value->array() == nullptr) return context("properties must be an array");
    std::vector<std::string> properties;
    for (const Value& item : *value->array()) {
        const std::string* property = item.string();
        if (property == nullptr)
            return context(fmt::format("invalid property of type {}", item.type_name()));
        if (property->find_first_of(banned_in_properties) != std::string::npos)
            return context(fmt::format("invalid property \"{}\"", *property));
        properties.push_back(*property);
    }
    return properties;
}

Result<ResourceEntry> read_entry(const Value& value, std::size_t index, Assignment& assignment) {
    const std::string path = fmt::format("resource.config[{}]", index);
    TableReader reader(value, path);
    ResourceEntry entry{.hosts = reader.required_string("hosts"),
                        .cores = reader.string("cores"),
                        .gpus = reader.string("gpus")};
    const Value* properties = reader.any("properties");
    TRY(reader.finish());
    TRY_ASSIGN(entry.properties, read_properties(value, path, properties));
    const auto hosts = Hostlist::parse(entry.hosts);
    if (!hosts) return refuse(value.place, path, fmt::format("invalid hostlist '{}'", entry.hosts));
    if (hosts->empty()) return refuse(value.place, path, "empty hostlist specified");
    TRY_ASSIGN(const bool cores, check_idset(value, path, "cores", entry.cores));
    TRY_ASSIGN(const bool gpus, check_idset(value, path, "gpus", entry.gpus));
    for (const auto& host : hosts->hosts()) {
        const auto [known, is_new] = assignment.has_resources.try_emplace(host, false);
        if (is_new) assignment.order.push_back(host);
        known->second = known->second || cores || gpus;
    }
    return entry;
}

Result<std::vector<ResourceEntry>> read_config(const Value* config) {
    std::vector<ResourceEntry> entries;
    if (config == nullptr) return entries;
    if (config->array() == nullptr)
        return refuse(config->place, "resource.config", "must be an array");
    Assignment assignment;
    for (const Value& value : *config->array()) {
        TRY_ASSIGN(auto entry, read_entry(value, entries.size(), assignment));
        entries.push_back(std::move(entry));
    }
    if (entries.empty()) return refuse(config->place, "resource.config", "no hosts configured");
    Hostlist idle;
    for (const auto& host : assignment.order)
        if (!assignment.has_resources.at(host)) idle.append(host);
    if (!idle.empty())
        return refuse(config->place, "resource.config",
                      fmt::format("{} assigned no resources", idle.format()));
    return entries;
}

Result<void> check_verify(const Value* verify) {
    constexpr std::array<std::string_view, 4> modes{"strict", "allow-extra", "allow-missing",
                                                    "ignore"};
    constexpr std::array<std::string_view, 4> types{"default", "hostname", "core", "gpu"};
    if (verify == nullptr || std::holds_alternative<bool>(verify->data)) return {};
    if (verify->table() == nullptr)
        return refuse(verify->place, "resource.verify", "must be a table or boolean");
    for (const auto& [key, mode] : verify->table()->members()) {
        const auto context = [&, &name = key, &place = mode.place](std::string_view reason) {
            return refuse(place, fmt::format("resource.verify.{}", name), reason);
        };
        if (mode.string() == nullptr) return context("mode must be a string");
        if (std::find(modes.begin(), modes.end(), *mode.string()) == modes.end())
            return context(fmt::format("unknown verify mode '{}'", *mode.string()));
        if (std::find(types.begin(), types.end(), key) == types.end())
            return context(fmt::format("unsupported resource type: {}", key));
    }
    return {};
}

}  // namespace

Result<Resource> read_resource(const Table& root) {
    const Value* table = root.find("resource");
    if (table == nullptr) return Resource{};
    TableReader reader(*table, "resource");
    Resource resource;
    resource.path = reader.string("path");
    reader.string("scheduling");
    const Value* config = reader.any("config");
    const Value* verify = reader.any("verify");
    resource.exclude = reader.string("exclude");
    resource.norestrict = reader.boolean("norestrict");
    resource.noverify = reader.boolean("noverify");
    reader.boolean("no-update-watch");
    reader.boolean("rediscover");
    reader.integer("journal-max");
    reader.duration("history");
    TRY(reader.finish());
    TRY_ASSIGN(resource.config, read_config(config));
    TRY(check_verify(verify));
    return resource;
}

}  // namespace muster::broker_config
