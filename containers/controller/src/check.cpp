// SPDX-License-Identifier: Apache-2.0
#include "check.hpp"

#include <limits>

#include "fields.hpp"

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
            return value.is_object();
        case Type::list:
            return value.is_array();
        case Type::string:
            return value.as_string().has_value();
        case Type::integer:
            return value.as_integer().has_value();
        case Type::boolean:
            return value.as_boolean().has_value();
        case Type::any:
            break;
    }
    return true;
}

std::string_view name_of(Type type) {
    switch (type) {
        case Type::object:
        case Type::map:
            return "an object";
        case Type::list:
            return "a list";
        case Type::string:
            return "a string";
        case Type::integer:
            return "a whole number";
        case Type::boolean:
            return "true or false";
        case Type::any:
            break;
    }
    return "anything";
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
        if (number < 0 || number > std::numeric_limits<std::int32_t>::max())
            return fail(Kind::malformed, "{}: {} is not a number from 0 to {}", shown, number,
                        std::numeric_limits<std::int32_t>::max());
    }
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
