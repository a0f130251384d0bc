// SPDX-License-Identifier: Apache-2.0
// Text and time without allocation, locale or stdio: PID 1 may not fail and stays small.
#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string_view>

namespace muster::init {

using Millis = std::chrono::milliseconds;

/// Milliseconds of CLOCK_MONOTONIC; never fails.
Millis now();

/// A point in time that never comes.
constexpr Millis never = Millis::max();

/// A sentence in a fixed buffer; what does not fit is cut. Always null-terminated.
class Line {
  public:
    Line& operator<<(std::string_view text);
    Line& operator<<(const char* text) { return *this << std::string_view(text); }
    /// A null-terminated line must not be streamed by accident as a number.
    Line& operator<<(std::integral auto number) { return append(static_cast<long>(number)); }
    Line& operator<<(char) = delete;
    Line& operator<<(bool) = delete;
    /// As seconds with tenths: 1.5 s.
    Line& operator<<(Millis duration);

    std::string_view view() const { return {text_.data(), size_}; }
    const char* c_str() const { return text_.data(); }
    bool empty() const { return size_ == 0; }
    void clear();

  private:
    Line& append(long number);

    std::array<char, 1024> text_{};
    std::size_t size_ = 0;
};

/// std::string_view::starts_with wants libstdc++'s exceptions.
constexpr bool starts_with(std::string_view text, std::string_view start) {
    return text.size() >= start.size() && std::string_view(text.data(), start.size()) == start;
}

/// "SIGTERM" for 15; "signal 40" for those without a name.
Line signal_name(int signal);

/// The system's words for `error`, not translated.
const char* error_text(int error);

/// Writes "muster-init: LINE\n" to stderr with one write(2). Drops it when stderr cannot take it
/// at once: a full log pipe must not hold PID 1.
void say(const Line& line);

/// A duration as Flux writes it (RFC 23): a decimal number with an optional unit ms, s, m, h or d
/// (none: seconds), of at least 1 ms and at most 7 days. Nothing else is accepted.
std::optional<Millis> parse_duration(std::string_view text);

/// A decimal number from 0 to `max`, digits only.
std::optional<int> parse_number(std::string_view text, int max);

}  // namespace muster::init
