// SPDX-License-Identifier: Apache-2.0
#include "muster/diagnosis.hpp"

#include <algorithm>
#include <vector>

namespace muster::diagnosis {
namespace {

constexpr std::size_t longest_evidence = 160;
constexpr int err = 3;

/// What the stars of `pattern` stand for in `text`, which must contain it; nothing otherwise. Each
/// star takes as little as it can, the last one of a pattern that ends with it everything.
std::optional<std::vector<std::string_view>> match(std::string_view pattern,
                                                   std::string_view text) {
    std::vector<std::string_view> stars;
    auto star = pattern.find('*');
    auto at = text.find(pattern.substr(0, star));
    if (at == text.npos) return {};
    at += std::min(star, pattern.size());
    while (star != pattern.npos) {
        pattern.remove_prefix(star + 1);
        star = pattern.find('*');
        const auto part = pattern.substr(0, star);
        const auto found = part.empty() ? text.size() : text.find(part, at);
        if (found == text.npos) return {};
        stars.push_back(text.substr(at, found - at));
        at = found + part.size();
    }
    return stars;
}

/// `text` with $1, $2, ... replaced.
std::string fill(std::string_view text, const std::vector<std::string_view>& stars) {
    std::string filled;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto number = i + 1 < text.size() ? static_cast<std::size_t>(text[i + 1] - '1') : 9;
        if (text[i] == '$' && number < stars.size()) {
            filled += as_evidence(stars[number]);
            ++i;
        } else {
            filled += text[i];
        }
    }
    return filled;
}

/// The initial program's and the cleanup's lines show command lines.
bool shows_command(const LogLine& line) {
    return line.message.starts_with("rc2.") || line.message.starts_with("cleanup.");
}

std::vector<LogLine> log_lines(std::string_view text) {
    std::vector<LogLine> lines;
    while (!text.empty()) {
        const auto end = text.find('\n');
        if (const auto line = parse_log_line(text.substr(0, end)); line && !shows_command(*line))
            lines.push_back(*line);
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
    }
    return lines;
}

std::string evidence_of(const LogLine& line) {
    return as_evidence(std::string(line.source) + ": " + std::string(line.message));
}

bool is_z85(char c) {
    constexpr std::string_view others = ".-:+=^!/*?&<>()[]{}@%$#";
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           others.find(c) != others.npos;
}

/// 40 characters of Z85 (a CURVE key in a certificate), and not all of them such as names, paths
/// and addresses have.
bool is_key(std::string_view word) {
    constexpr std::string_view of_keys = "+=^!*?&<>(){}@%$#";
    return word.size() == 40 && std::ranges::all_of(word, is_z85) &&
           word.find_first_of(of_keys) != word.npos;
}

/// Where a script says with what it has ended, its first complaint is the better evidence.
const LogLine& telling(const std::vector<LogLine>& lines, const LogLine& line) {
    constexpr std::string_view script = "rc1.0: ";
    if (!line.message.starts_with(script)) return line;
    const auto first = std::ranges::find_if(lines, [&](const LogLine& other) {
        return other.severity <= err && other.message.starts_with(script);
    });
    return first != lines.end() ? *first : line;
}

}  // namespace

std::optional<Finding> find_cause(std::string_view last_words, Of of) {
    const auto lines = log_lines(last_words);
    for (const auto& row : flux_failures()) {
        if (row.of != of) continue;
        for (const auto& line : lines)
            if (const auto stars = match(row.pattern, line.message))
                return Finding{fill(row.cause, *stars), fill(row.mend, *stars),
                               evidence_of(telling(lines, line))};
    }
    const auto worst = std::ranges::min_element(lines, {}, &LogLine::severity);
    if (of != Of::broker || worst == lines.end() || worst->severity > err) return {};
    return Finding{.evidence = evidence_of(*worst)};
}

std::string as_evidence(std::string_view message) {
    while (message.ends_with(' ') || message.ends_with('\r')) message.remove_suffix(1);
    std::string text;
    while (!message.empty()) {
        const auto end = std::min(message.find_first_of(" \"'"), message.size());
        text += is_key(message.substr(0, end)) ? "(a key)" : message.substr(0, end);
        if (end < message.size()) text += message[end];
        message.remove_prefix(std::min(end + 1, message.size()));
    }
    std::ranges::replace_if(
        text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
    if (text.size() > longest_evidence) {
        text.resize(longest_evidence - 3);
        while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0x80U) != 0)
            text.pop_back();
        text += "...";
    }
    return text;
}

}  // namespace muster::diagnosis
