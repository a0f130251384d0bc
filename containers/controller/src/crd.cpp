// SPDX-License-Identifier: Apache-2.0
#include "muster/controller/crd.hpp"

#include <fmt/format.h>

#include "build.hpp"
#include "fields.hpp"
#include "rules.hpp"

namespace muster::controller {
namespace {

using json::Value;

/// What bounds the cost of rules (CEL).
constexpr int most_containers = 64;
constexpr int most_named = 64;

Value of_api() {
    return object(
        {{"type", text("object")}, {"x-kubernetes-preserve-unknown-fields", truth(true)}});
}

Value schema_of(const Field& field);

/// The fields directly below `path` in an object.
Value properties_of(std::string_view path) {
    auto made = Value::object();
    for (const auto& field : fields()) {
        if (!field.path.starts_with(path) || field.path.size() <= path.size()) continue;
        const auto rest = field.path.substr(path.size());
        if (rest.front() != '.' || rest.find_first_of(".[{", 1) != rest.npos) continue;
        made.set(std::string(rest.substr(1)), schema_of(field));
    }
    return made;
}

Value schema_of(const Field& field) {
    auto schema =
        object({{"description", field.is_refused     ? text(fmt::format("refused: {}", field.text))
                                : field.text.empty() ? Value()
                                                     : text(field.text)}});
    const auto below = [&](const char* mark) {
        const auto* child = find_field(fmt::format("{}{}", field.path, mark));
        return child == nullptr ? Value() : schema_of(*child);
    };
    switch (field.type) {
        case Type::object:
            schema.set("type", text("object")).set("properties", properties_of(field.path));
            break;
        case Type::map:
            schema.set("type", text("object")).set("additionalProperties", below("{}"));
            if (below("{}").has("x-kubernetes-validations"))
                schema.set("maxProperties", number(most_named));
            break;
        case Type::list:
            schema.set("type", text("array")).set("items", below("[]"));
            break;
        case Type::string:
            schema.set("type", text("string"));
            break;
        case Type::integer:
            schema.set("type", text("integer")).set("format", text("int32"));
            break;
        case Type::boolean:
            schema.set("type", text("boolean"));
            break;
        case Type::quantity:
            schema.set("anyOf", list({object({{"type", text("integer")}}),
                                      object({{"type", text("string")}})}));
            schema.set("pattern", text(quantity_pattern));
            schema.set("x-kubernetes-int-or-string", truth(true));
            break;
        case Type::any:
            for (const auto& [key, value] : of_api().members()) schema.set(key, value);
            break;
        case Type::any_list:
            schema.set("type", text("array")).set("items", of_api());
            break;
    }
    auto rules = rules_of_type(field);
    if (rules.is_null()) rules = rules_of(field.path);
    if (!rules.is_null()) schema.set("x-kubernetes-validations", rules);
    return schema;
}

Value spec_schema() {
    auto spec = schema_of(*find_field("spec"));
    auto members = spec.get("properties");
    for (const auto* name : {"containers", "services"})
        members.get(name).set("maxItems", number(most_containers));
    spec.set("required", words({"containers"}));
    return spec;
}

/// As the Flux Operator has it: clients that read it find what they know.
Value status_schema() {
    const auto of = [](const char* type, const char* format, const char* description) {
        return object({{"description", text(description)},
                       {"type", text(type)},
                       {"format", text_or_none(format)}});
    };
    const auto generation = of("integer", "int64", "metadata.generation that it is of");
    const auto condition = object(
        {{"type", text("object")},
         {"required", words({"type", "status"})},
         {"properties",
          object({{"type", of("string", "", "ObjectsCreated, SpecApplied, BrokersOnline, Running, "
                                            "Finished")},
                  {"status", of("string", "", "True or False")},
                  {"reason", of("string", "", "one word, for programs")},
                  {"message", of("string", "", "the cause, for people")},
                  {"observedGeneration", generation},
                  {"lastTransitionTime", of("string", "date-time", "when status turned")}})}});
    return object(
        {{"type", text("object")},
         {"properties",
          object({{"size", of("integer", "int32", "pods that there ought to be")},
                  {"maximumSize", of("integer", "int32", "ranks that are configured")},
                  {"selector", of("string", "", "of the pods, for an autoscaler")},
                  {"jobid", of("string", "", "not set, as in the Flux Operator")},
                  {"phase", of("string", "", "Starting, Running, Suspended, Ending, Succeeded or "
                                             "Failed")},
                  {"online", of("string", "", "brokers online, of all: 3/4")},
                  {"observedGeneration", generation},
                  {"conditions", object({{"description", text("how far it has come, and why no "
                                                              "farther")},
                                         {"type", text("array")},
                                         {"items", condition},
                                         {"x-kubernetes-list-type", text("map")},
                                         {"x-kubernetes-list-map-keys", words({"type"})}})}})}});
}

Value column(const char* name, const char* type, const char* path) {
    return object({{"name", text(name)}, {"type", text(type)}, {"jsonPath", text(path)}});
}

}  // namespace

Value custom_resource_definition() {
    const auto schema =
        object({{"openAPIV3Schema",
                 object({{"type", text("object")},
                         {"required", words({"spec"})},
                         {"properties", object({{"apiVersion", object({{"type", text("string")}})},
                                                {"kind", object({{"type", text("string")}})},
                                                {"metadata", object({{"type", text("object")}})},
                                                {"spec", spec_schema()},
                                                {"status", status_schema()}})},
                         {"x-kubernetes-validations", rules_of(root_path)}})}});
    const auto scale = object({{"specReplicasPath", text(".spec.size")},
                               {"statusReplicasPath", text(".status.size")},
                               {"labelSelectorPath", text(".status.selector")}});
    const auto version =
        object({{"name", text("v1alpha2")},
                {"served", truth(true)},
                {"storage", truth(true)},
                {"schema", schema},
                {"subresources", object({{"status", Value::object()}, {"scale", scale}})},
                {"additionalPrinterColumns",
                 list({column("Size", "integer", ".spec.size"),
                       column("Online", "string", ".status.online"),
                       column("Phase", "string", ".status.phase"),
                       column("Age", "date", ".metadata.creationTimestamp")})}});
    return object({{"apiVersion", text("apiextensions.k8s.io/v1")},
                   {"kind", text("CustomResourceDefinition")},
                   {"metadata", object({{"name", text("miniclusters.flux-framework.org")}})},
                   {"spec", object({{"group", text("flux-framework.org")},
                                    {"scope", text("Namespaced")},
                                    {"names", object({{"kind", text("MiniCluster")},
                                                      {"listKind", text("MiniClusterList")},
                                                      {"plural", text("miniclusters")},
                                                      {"singular", text("minicluster")},
                                                      {"shortNames", words({"mc"})}})},
                                    {"versions", list({version})}})}});
}

}  // namespace muster::controller
