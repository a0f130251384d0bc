// SPDX-License-Identifier: Apache-2.0
#include "broker_log.hpp"

#include <unistd.h>

#include <ctime>

#include "muster/base/fd.hpp"

namespace muster::rehearsal {
namespace {

std::string_view name(Severity severity) {
    switch (severity) {
        case Severity::crit:
            return "crit";
        case Severity::err:
            return "err";
        case Severity::warning:
            return "warning";
        case Severity::notice:
            return "notice";
        case Severity::info:
            return "info";
        case Severity::debug:
            break;
    }
    return "debug";
}

constexpr std::size_t ring_size = 1024;  // log-ring-size of Flux

struct Instant {
    std::tm utc{};
    long microseconds = 0;
};

Instant instant(WallTime now) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch());
    const auto micros = std::chrono::floor<std::chrono::microseconds>(now.time_since_epoch());
    const std::time_t time = seconds.count();
    Instant result{.microseconds = (micros - seconds).count()};
    ::gmtime_r(&time, &result.utc);
    return result;
}

void print(const std::string& line) {
    // A log that cannot be written is no reason to stop.
    static_cast<void>(write_all(STDERR_FILENO, line));
}

}  // namespace

std::string format_local(const LogRecord& record) {
    return fmt::format("<{}>{}.{}[{}]: {}\n", static_cast<int>(record.severity), record.component,
                       name(record.severity), record.rank, record.text);
}

std::string format_leader(const LogRecord& record, WallTime now) {
    const auto [utc, microseconds] = instant(now);
    std::string day(16, '\0');
    day.resize(std::strftime(day.data(), day.size(), "%b %d %H:%M:%S", &utc));
    return fmt::format("{}.{:06} UTC {} {}.{}[{}]: {}\n", day, microseconds, utc.tm_year + 1900,
                       record.component, name(record.severity), record.rank, record.text);
}

std::string format_dmesg(const LogRecord& record, WallTime now) {
    const auto [utc, microseconds] = instant(now);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z {}.{}[{}]: {}\n",
                       utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
                       utc.tm_sec, microseconds, record.component, name(record.severity),
                       record.rank, record.text);
}

void BrokerLog::configure(Rank rank, Mode mode, int level) {
    rank_ = rank;
    mode_ = mode;
    level_ = level;
}

void BrokerLog::write(Severity severity, std::string_view component, std::string_view text) {
    if (!rank_) {
        print(fmt::format("{}.{}[{}]: {}\n", component, name(severity), hostname_, text));
        return;
    }
    const LogRecord record{severity, std::string(component), *rank_, std::string(text)};
    ring_.push_back(format_dmesg(record, SystemClock().wall()));
    if (ring_.size() > ring_size) ring_.pop_front();
    if (static_cast<int>(severity) > level_) return;
    if (mode_ == Mode::local)
        print(format_local(record));
    else if (*rank_ != 0 && forward_ && severity > Severity::crit)
        forward_(record);
    else
        print_forwarded(record);
}

std::string BrokerLog::dmesg() const {
    std::string text;
    for (const auto& line : ring_) text += line;
    return text;
}

void BrokerLog::print_forwarded(const LogRecord& record) {
    print(format_leader(record, SystemClock().wall()));
}

}  // namespace muster::rehearsal
