// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "muster/base/reactor.hpp"

namespace muster::local {

/// Where a line goes.
enum class Stream { out, err };

/// One descriptor that is written without ever blocking the loop, whatever reads it. What cannot be
/// written yet waits in a queue; a queue that grows beyond `high_water` asks its sources to pause.
class Sink {
  public:
    static constexpr std::size_t high_water = 256u << 10;

    Sink(Reactor& reactor, int fd, std::function<void()> on_drained);
    Sink(const Sink&) = delete;
    Sink& operator=(const Sink&) = delete;
    ~Sink();

    void write(std::string_view data);
    bool congested() const { return queue_.size() - written_ > high_water; }
    bool empty() const { return written_ == queue_.size(); }
    /// Nobody will ever read what is written: the reader has gone, or the disk is full.
    bool broken() const { return error_ != 0; }
    /// The errno(3) with which writing failed; 0 while it has not.
    int error() const { return error_; }

  private:
    void flush();
    void wait_until_writable();

    Reactor* reactor_;
    int fd_;
    std::function<void()> on_drained_;
    std::string queue_;
    std::size_t written_ = 0;  // of queue_
    bool watched_ = false;
    int error_ = 0;
    Reactor::TimerId retry_ = 0;
};

/// Standard output and standard error, as whole lines. Two streams that are the same file share one
/// queue, so that a line of one never lands inside a line of the other. A status line (a terminal's
/// last line, rewritten in place) gives way to every other line.
class Output {
  public:
    struct Options {
        int out = 1;
        int err = 2;
    };
    Output(Reactor& reactor, const Options& options, std::function<void()> on_drained);

    bool out_is_terminal() const { return out_is_terminal_; }
    bool err_is_terminal() const { return err_is_terminal_; }
    bool shared() const { return err_ == nullptr; }

    /// Writes `text` and a newline.
    void line(Stream stream, std::string_view text);
    /// Writes `data` as it is; for a stream that nobody else writes lines to.
    void raw(Stream stream, std::string_view data);
    /// Shows `text` on the terminal's last line until the next line; only when err_is_terminal().
    void status(std::string_view text);
    void clear_status();

    bool congested(Stream stream) const { return sink(stream).congested(); }
    /// The errno(3) with which something for standard output was lost; 0 when nothing was.
    int out_error() const { return out_used_ ? out_->error() : 0; }
    bool drained() const { return out_->empty() && (!err_ || err_->empty()); }

  private:
    Sink& sink(Stream stream) const {
        return stream == Stream::err && err_ != nullptr ? *err_ : *out_;
    }

    bool out_is_terminal_;
    bool err_is_terminal_;
    std::unique_ptr<Sink> out_;
    std::unique_ptr<Sink> err_;  // null when standard error is the same file as standard output
    bool status_shown_ = false;
    bool out_used_ = false;
};

/// "[2] ", in the colour of rank 2 when `colour` is on.
std::string rank_label(std::uint32_t rank, bool colour);

}  // namespace muster::local
