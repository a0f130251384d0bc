// SPDX-License-Identifier: Apache-2.0
#include "muster/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <string>

namespace muster::log {
namespace {

spdlog::logger& logger() {
    static spdlog::logger instance = [] {
        spdlog::logger made("muster", std::make_shared<spdlog::sinks::stderr_sink_st>());
        made.set_pattern("muster: %l: %v");
        made.set_level(spdlog::level::info);
        made.flush_on(spdlog::level::trace);
        return made;
    }();
    return instance;
}

spdlog::level::level_enum spdlog_level(Level level) {
    switch (level) {
        case Level::debug:
            return spdlog::level::debug;
        case Level::info:
            return spdlog::level::info;
        case Level::warning:
            return spdlog::level::warn;
        case Level::error:
            break;
    }
    return spdlog::level::err;
}

}  // namespace

void configure(std::string_view name, Level least) {
    std::string pattern;
    for (const char c : name) pattern.append(c == '%' ? 2 : 1, c);
    logger().set_pattern(pattern + ": %l: %v");
    logger().set_level(spdlog_level(least));
}

void write(Level level, std::string_view text) {
    logger().log(spdlog_level(level), text);
}

}  // namespace muster::log
