// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/core.h>

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "message.hpp"
#include "muster/base/clock.hpp"

namespace muster::rehearsal {

/// syslog's severities, as log-stderr-level counts them.
enum class Severity { crit = 2, err = 3, warning = 4, notice = 5, info = 6, debug = 7 };

struct LogRecord {
    Severity severity;
    std::string component;  ///< "broker", "overlay", ...
    Rank rank;
    std::string text;
};

/// The two forms in which Flux writes a record to standard error (log-stderr-mode):
/// local `<6>broker.info[2]: text`, leader `Nov 22 04:16:27.046489 UTC 2026 broker.info[2]: text`.
std::string format_local(const LogRecord& record);
std::string format_leader(const LogRecord& record, WallTime now);
/// As `flux dmesg` prints it: `2026-11-22T04:16:27.046489Z broker.info[2]: text`.
std::string format_dmesg(const LogRecord& record, WallTime now);

/// A broker's log on standard error, in the forms that flux broker uses. Until the rank is known
/// records carry the host name, and none is held back.
class BrokerLog {
  public:
    enum class Mode { leader, local };

    explicit BrokerLog(std::string hostname) : hostname_(std::move(hostname)) {}

    void configure(Rank rank, Mode mode, int level);
    /// In leader mode a follower's records go to the leader through this, not to standard error;
    /// critical ones stay here, where someone looks for the reason of an end.
    void forward_with(std::function<void(const LogRecord&)> forward) {
        forward_ = std::move(forward);
    }
    void write(Severity severity, std::string_view component, std::string_view text);
    /// On the leader: prints a follower's record.
    void print_forwarded(const LogRecord& record);

    /// This broker's last 1024 records, whatever their level, as `flux dmesg` prints them.
    std::string dmesg() const;

    template <class... Args>
    void operator()(Severity severity, std::string_view component,
                    fmt::format_string<Args...> format, Args&&... args) {
        write(severity, component, fmt::format(format, std::forward<Args>(args)...));
    }

  private:
    std::string hostname_;
    std::optional<Rank> rank_;
    Mode mode_ = Mode::leader;
    int level_ = 3;
    std::function<void(const LogRecord&)> forward_;
    std::deque<std::string> ring_;
};

}  // namespace muster::rehearsal
