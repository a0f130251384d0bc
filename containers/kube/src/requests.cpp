// SPDX-License-Identifier: Apache-2.0
#include "muster/kube/requests.hpp"

#include <algorithm>

namespace muster::kube {
namespace {

Request with_body(std::string method, std::string path, const json::Value& body,
                  std::string content_type = "application/json") {
    return Request{.method = std::move(method),
                   .path = std::move(path),
                   .body = body.format(),
                   .content_type = std::move(content_type)};
}

}  // namespace

std::string path_of(const Target& target) {
    const auto& [resource, name_space, name, subresource] = target;
    std::string path = resource.group.empty()
                           ? fmt::format("/api/{}", resource.version)
                           : fmt::format("/apis/{}/{}", resource.group, resource.version);
    if (!name_space.empty()) path += "/namespaces/" + name_space;
    path += fmt::format("/{}", resource.plural);
    if (!name.empty()) path += "/" + name;
    if (!subresource.empty()) path += "/" + subresource;
    return path;
}

Request get(const Target& target) {
    return Request{.path = path_of(target)};
}

Request create(const Resource& resource, const std::string& name_space, const json::Value& object) {
    auto request = with_body("POST", path_of({resource, name_space, ""}), object);
    request.query = {{"fieldManager", field_manager}, {"fieldValidation", "Strict"}};
    request.is_idempotent = object.get("metadata").has("name");
    return request;
}

Request replace(const Target& target, const json::Value& object) {
    auto request = with_body("PUT", path_of(target), object);
    request.query = {{"fieldManager", field_manager}};
    return request;
}

Request apply(const Target& target, const json::Value& object) {
    auto request = with_body("PATCH", path_of(target), object, "application/apply-patch+yaml");
    request.query = {{"fieldManager", field_manager}, {"force", "true"}};
    return request;
}

Request merge_patch(const Target& target, const json::Value& patch) {
    auto request = with_body("PATCH", path_of(target), patch, "application/merge-patch+json");
    request.query = {{"fieldManager", field_manager}};
    return request;
}

Request json_patch(const Target& target, const json::Value& operations) {
    auto request = with_body("PATCH", path_of(target), operations, "application/json-patch+json");
    request.query = {{"fieldManager", field_manager}};
    const auto items = operations.items();
    request.is_idempotent = std::ranges::all_of(items, [](const json::Value& item) {
        const auto op = item.get("op").as_string();
        return op == "test" || op == "replace";
    });
    return request;
}

Request remove(const Target& target, const Removal& removal) {
    auto options = json::Value::object();
    options.set("apiVersion", json::Value::string("v1"));
    options.set("kind", json::Value::string("DeleteOptions"));
    auto preconditions = json::Value::object();
    if (!removal.uid.empty()) preconditions.set("uid", json::Value::string(removal.uid));
    if (!removal.version.empty())
        preconditions.set("resourceVersion", json::Value::string(removal.version));
    if (!preconditions.members().empty()) options.set("preconditions", preconditions);
    if (!removal.propagation.empty())
        options.set("propagationPolicy", json::Value::string(removal.propagation));
    if (removal.grace_seconds)
        options.set("gracePeriodSeconds", json::Value::integer(*removal.grace_seconds));
    return with_body("DELETE", path_of(target), options);
}

}  // namespace muster::kube
