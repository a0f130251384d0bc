// SPDX-License-Identifier: Apache-2.0
#include "text.hpp"

#include <poll.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

namespace muster::init {

Millis now() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return std::chrono::duration_cast<Millis>(std::chrono::seconds(time.tv_sec) +
                                              std::chrono::nanoseconds(time.tv_nsec));
}

Line& Line::operator<<(std::string_view text) {
    for (const char c : text) {
        if (size_ + 1 == text_.size()) {
            break;
        }
        text_[size_++] = c;
    }
    text_[size_] = '\0';
    return *this;
}

Line& Line::append(long number) {
    std::array<char, 24> digits{};
    std::size_t at = digits.size();
    unsigned long rest =
        number < 0 ? 0UL - static_cast<unsigned long>(number) : static_cast<unsigned long>(number);
    do {
        digits[--at] = static_cast<char>('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (number < 0) {
        digits[--at] = '-';
    }
    return *this << std::string_view(digits.data() + at, digits.size() - at);
}

Line& Line::operator<<(Millis duration) {
    const long tenths = duration.count() / 100;
    return *this << tenths / 10 << "." << tenths % 10 << " s";
}

void Line::clear() {
    size_ = 0;
    text_[0] = '\0';
}

Line signal_name(int signal) {
    Line name;
    const char* abbreviation = sigabbrev_np(signal);
    if (abbreviation != nullptr) {
        name << "SIG" << abbreviation;
    } else {
        name << "signal " << signal;
    }
    return name;
}

const char* error_text(int error) {
    const char* text = strerrordesc_np(error);
    return text != nullptr ? text : "unknown error";
}

void say(const Line& line) {
    // POLLOUT on a pipe promises room for PIPE_BUF bytes, more than a Line and its frame. Beside
    // it, POLLERR means that nobody reads any more: writing would make a SIGPIPE, and we pass
    // signals on.
    pollfd ready{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
    if (poll(&ready, 1, 0) != 1 || ready.revents != POLLOUT) {
        return;
    }
    Line whole;
    whole << "muster-init: " << line.view();
    const std::string_view text = whole.view();
    std::array<char, 2> end{"\n"};
    const std::array<iovec, 2> parts{
        iovec{.iov_base = const_cast<char*>(text.data()), .iov_len = text.size()},
        iovec{.iov_base = end.data(), .iov_len = 1}};
    [[maybe_unused]] const ssize_t written = writev(STDERR_FILENO, parts.data(), 2);
}

std::optional<Millis> parse_duration(std::string_view text) {
    constexpr long limit = 7L * 24 * 3600 * 1000;
    std::size_t i = 0;
    long whole = 0;
    long fraction = 0;
    long scale = 1;
    bool any = false;
    for (; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i) {
        whole = whole * 10 + (text[i] - '0');
        any = true;
        if (whole > limit) {
            return std::nullopt;
        }
    }
    if (i < text.size() && text[i] == '.') {
        for (++i; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i) {
            any = true;
            if (scale < 1'000'000) {  // finer than a microsecond of a day does not matter here
                fraction = fraction * 10 + (text[i] - '0');
                scale *= 10;
            }
        }
    }
    if (!any) {
        return std::nullopt;
    }
    const std::string_view unit(text.data() + i, text.size() - i);
    long millis = 0;
    if (unit == "ms") {
        millis = 1;
    } else if (unit.empty() || unit == "s") {
        millis = 1000;
    } else if (unit == "m") {
        millis = 60'000;
    } else if (unit == "h") {
        millis = 3'600'000;
    } else if (unit == "d") {
        millis = 86'400'000;
    } else {
        return std::nullopt;
    }
    if (whole > limit / millis) {
        return std::nullopt;
    }
    const long total = whole * millis + fraction * millis / scale;
    if (total < 1 || total > limit) {
        return std::nullopt;
    }
    return Millis(total);
}

std::optional<int> parse_number(std::string_view text, int max) {
    if (text.empty() || text.size() > 9) {
        return std::nullopt;
    }
    int number = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') {
            return std::nullopt;
        }
        number = number * 10 + (c - '0');
    }
    return number <= max ? std::optional(number) : std::nullopt;
}

}  // namespace muster::init
