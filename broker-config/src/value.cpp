// SPDX-License-Identifier: Apache-2.0
#include "value.hpp"

#include <utility>

namespace muster::broker_config {
namespace {

template <class... Visitors>
struct Overloaded : Visitors... {
    using Visitors::operator()...;
};
template <class... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

}  // namespace

const Value* Table::find(std::string_view key) const {
    for (const auto& [name, value] : members_)
        if (name == key) return &value;
    return nullptr;
}

Value* Table::find(std::string_view key) {
    return const_cast<Value*>(std::as_const(*this).find(key));
}

void Table::add(std::string key, Value value) {
    members_.push_back({std::move(key), std::move(value)});
}

void Table::set(std::string_view key, Value value) {
    if (Value* old = find(key))
        *old = std::move(value);
    else
        add(std::string(key), std::move(value));
}

std::string_view Value::type_name() const {
    return std::visit(Overloaded{
                          [](const Table&) { return "object"; },
                          [](const Array&) { return "array"; },
                          [](const std::string&) { return "string"; },
                          [](std::int64_t) { return "integer"; },
                          [](double) { return "real"; },
                          [](bool value) { return value ? "true" : "false"; },
                          [](const Timestamp&) { return "object"; },
                      },
                      data);
}

void merge_tables(Table& lower, Table upper) {
    for (auto& [key, value] : upper.members()) {
        Value* old = lower.find(key);
        if (old != nullptr && old->table() != nullptr && value.table() != nullptr) {
            old->place = value.place;
            merge_tables(*old->table(), std::move(*value.table()));
        } else {
            lower.set(key, std::move(value));
        }
    }
}

}  // namespace muster::broker_config
