// SPDX-License-Identifier: Apache-2.0
// The forms that platforms give to names.
#include <algorithm>
#include <charconv>

#include "platforms.hpp"

namespace muster::discovery {
namespace {

std::optional<std::uint32_t> parse_number(std::string_view digits) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc{} || end != digits.data() + digits.size()) return {};
    return number;
}

/// Of a number that a platform wrote: no leading zeros.
std::optional<std::uint32_t> parse_ordinal(std::string_view digits) {
    return digits.size() > 1 && digits.front() == '0' ? std::nullopt : parse_number(digits);
}

Result<void> check_label(std::string_view label, std::string_view name, std::string_view setting) {
    if (label.empty())
        return fail(Kind::config, "name '{}' has an empty part: correct {}", name, setting);
    if (label.size() > 63)
        return fail(Kind::config, "name part '{}' has {} characters, DNS allows 63: shorten {}",
                    label, label.size(), setting);
    for (const char c : label) {
        const bool allowed =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
        if (!allowed)
            return fail(Kind::config,
                        "name '{}' has the character '{}', which Flux refuses in a host name: "
                        "change {}",
                        name, c, setting);
    }
    if (label.front() == '-' || label.back() == '-')
        return fail(Kind::config, "name part '{}' begins or ends with '-': change {}", label,
                    setting);
    return {};
}

}  // namespace

StemAndNumber split_ordinal(std::string_view host) {
    const auto dash = host.rfind('-');
    if (dash == std::string_view::npos || dash == 0) return {std::string(host), {}};
    const auto number = parse_ordinal(host.substr(dash + 1));
    return {std::string(number ? host.substr(0, dash) : host), number};
}

HostAndTail split_host(std::string_view hostname) {
    const auto dot = std::min(hostname.find('.'), hostname.size());
    return {std::string(hostname.substr(0, dot)), std::string(hostname.substr(dot))};
}

std::optional<Container> find_container(std::string_view name) {
    // Container and network may both have dots: the first part that ends in a number is it.
    for (auto dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.', dot + 1)) {
        const auto container = name.substr(0, dot);
        const auto separator = container.find_last_of("-_");
        if (separator == std::string_view::npos || separator == 0) continue;
        const auto number = parse_ordinal(container.substr(separator + 1));
        if (!number || *number == 0) continue;  // compose counts from 1
        return Container{std::string(container.substr(0, separator + 1)), *number,
                         std::string(name.substr(dot))};
    }
    return {};
}

std::optional<std::string> variable(const PodFacts& facts, const std::string& name) {
    const auto found = facts.environment.find(name);
    if (found == facts.environment.end() || found->second.empty()) return {};
    return found->second;
}

Result<void> check_name(std::string_view name, std::string_view setting) {
    if (name.size() > 253)
        return fail(Kind::config, "name {} has {} characters, DNS allows 253: shorten {}", name,
                    name.size(), setting);
    for (std::size_t begin = 0; begin <= name.size();) {
        const auto end = std::min(name.find('.', begin), name.size());
        TRY(check_label(name.substr(begin, end - begin), name, setting));
        begin = end + 1;
    }
    return {};
}

Result<std::uint32_t> parse_index(std::string_view name, std::string_view text) {
    if (const auto index = parse_number(text)) return *index;
    return fail(Kind::config, "{} is '{}', not a number: unset it, or give --rank", name, text);
}

}  // namespace muster::discovery
