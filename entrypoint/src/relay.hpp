// SPDX-License-Identifier: Apache-2.0
// The command's stderr on its way to ours. Whoever is asked afterwards why a broker has failed
// needs its last words, and nobody else has heard them.
#pragma once

#include <poll.h>
#include <sys/types.h>

#include <array>
#include <cstddef>
#include <string_view>

namespace muster::init {

/// How much of the end is kept for `muster explain`: PIPE_BUF, so that it fits into any pipe.
constexpr std::size_t tail_size = 4096;

/// One pipe for all lives. What comes out of it goes to our stderr, unchanged and in order; when
/// that is full it stays here, and the writers wait as they would have waited without us. Our
/// stderr is others' as well, so it is not made non-blocking but asked first. What it refuses
/// for good (nobody reads it any more, the disk is full) is dropped. Passive, no allocation.
class Relay {
  public:
    Relay() = default;
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

    /// Makes the pipe, and puts `reader_end()` in its place. Returns 0 or errno; then there is no
    /// relay, and the command keeps our stderr.
    int open();
    bool is_open() const { return write_end_ >= 0; }
    /// What the command gets for its stderr. Close-on-exec.
    int write_end() const { return write_end_; }
    /// What explain gets for its stdin: always this number. Close-on-exec.
    int reader_end() const { return reader_end_; }

    /// What to poll: our stderr while something waits for it, else the pipe.
    pollfd interest() const;
    /// Passes on what can be without waiting, in bounded portions: a flood must not hold the
    /// deadlines. True when nothing was left.
    bool pass();
    /// Forgets the tail, for the next life.
    void forget() { kept_ = 0; }
    /// Makes `reader_end()` a pipe with the tail in it and then its end. False when that failed.
    bool offer_tail() const;
    std::string_view tail() const { return {tail_.data(), kept_}; }

  private:
    enum class Out { pipe, socket, other };

    bool take();
    bool give();
    ssize_t put(const char* data, std::size_t size) const;
    void keep(std::string_view portion);

    int read_end_ = -1;
    int write_end_ = -1;
    int reader_end_ = -1;
    Out out_ = Out::other;
    std::array<char, 4096> waiting_{};  ///< PIPE_BUF: for so much POLLOUT promises room
    std::size_t begin_ = 0;             ///< of what waits in waiting_
    std::size_t end_ = 0;
    std::array<char, tail_size> tail_{};
    std::size_t kept_ = 0;
};

}  // namespace muster::init
