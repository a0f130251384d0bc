// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <signal.h>
#include <sys/signalfd.h>

namespace muster::init {

/// Blocks every signal there is and returns the mask from before, for the child. To be called
/// before anything else: what arrives from here on waits for Signals.
sigset_t block_all_signals();

/// The blocked signals as a queue.
class Signals {
  public:
    Signals() = default;
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

    /// Opens the signalfd. Also takes SIGCHLD back to its default: whoever started us with SIGCHLD
    /// ignored would leave us without children to wait for. Returns 0 or errno.
    int open();
    /// What to poll for POLLIN.
    int fd() const { return fd_; }
    /// The next signal that was sent to us, without blocking; 0 when there is none. Those that a
    /// failed write of ours makes (SIGPIPE, SIGXFSZ) are left out. Whoever takes
    /// SIGCHLD from the queue must reap: there will be no other for what has ended by then.
    int next();

  private:
    int fd_ = -1;
};

/// How many to take from the queue before looking at anything else.
constexpr int most_signals_at_once = 64;

/// Whether `signal` asks for the end: SIGTERM, SIGINT, SIGQUIT, SIGHUP.
constexpr bool is_stop_request(int signal) {
    return signal == SIGTERM || signal == SIGINT || signal == SIGQUIT || signal == SIGHUP;
}

}  // namespace muster::init
