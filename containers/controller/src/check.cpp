// SPDX-License-Identifier: Apache-2.0
#include "check.hpp"

#include <regex>

#include "fields.hpp"
#include "sentences.hpp"

namespace muster::controller {
namespace {

using json::Value;

/// What a default leaves: no field is refused for that.
bool is_empty(const Value& value) {
    return value.is_null() || value.as_boolean() == false || value.as_integer() == 0 ||
           value.as_string() == "" || (value.is_object() && value.members().empty()) ||
           (value.is_array() && value.items().empty());
}

bool has_type(const Value& value, Type type) {
    switch (type) {
        case Type::object:
        case Type::map:
        case Type::any:
            return value.is_object();
        case Type::list:
        case Type::any_list:
            return value.is_array();
        case Type::string:
            return value.as_string().has_value();
        case Type::integer:
            return value.as_integer().has_value();
        case Type::boolean:
            return value.as_boolean().has_value();
        case Type::quantity:
            return value.as_string() || value.as_integer();
    }
    return false;
}

std::string_view name_of(Type type) {
    switch (type) {
        case Type::object:
        case Type::map:
        case Type::any:
            return "an object";
        case Type::list:
        case Type::any_list:
            return "a list";
        case Type::string:
            return "a string";
        case Type::integer:
            return "a whole number";
        case Type::quantity:
            return "a number, or a string of a number and its unit";
        case Type::boolean:
            break;
    }
    return "true or false";
}

bool is_choice(const Field& field, std::string_view given) {
    if (given.empty() || field.choices.empty()) return true;
    const auto list = fmt::format(", {},", field.choices);
    return list.find(fmt::format(" {},", given)) != list.npos;
}

bool is_quantity(const std::string& given) {
    static const std::regex pattern(quantity_pattern);
    return std::regex_match(given, pattern);
}

/// `path` is the row's, `shown` the one in this object.
Result<void> check(const Value& value, const std::string& path, const std::string& shown) {
    const Field* field = find_field(path);
    if (field == nullptr)
        return fail(Kind::malformed, "{}: a MiniCluster has no such field: look for a typing error",
                    shown);
    if (value.is_null()) return {};
    if (!has_type(value, field->type))
        return fail(Kind::malformed, "{}: this must be {}", shown, name_of(field->type));
    if (field->is_refused) {
        if (is_empty(value)) return {};
        return fail(Kind::malformed, "{}: {}", shown, field->text);
    }
    if (field->type == Type::integer) {
        const auto number = *value.as_integer();
        if (number < field->least || number > field->most)
            return fail(
                Kind::malformed, "{}: {}", shown,
                fmt::format(sentence::out_of_range, field->least, field->most));
    }
    if (const auto given = value.as_string().value_or(""); !is_choice(*field, given))
        return fail(Kind::malformed, "{}: {}", shown,
                    fmt::format(sentence::no_choice, field->choices));
    if (field->type == Type::quantity && !is_quantity(value.as_string().value_or("")))
        return fail(Kind::malformed, "{}: {}", shown, sentence::no_quantity);
    if (field->type == Type::object || field->type == Type::map) {
        for (const auto& [key, member] : value.members())
            TRY(check(member, field->type == Type::map ? path + "{}" : path + "." + key,
                      shown + "." + key));
    }
    if (field->type == Type::list) {
        std::size_t index = 0;
        for (const auto& item : value.items())
            TRY(check(item, path + "[]", fmt::format("{}[{}]", shown, index++)));
    }
    return {};
}

}  // namespace

Result<void> check_fields(const Value& spec) {
    return check(spec, "spec", "spec");
}

}  // namespace muster::controller
