// SPDX-License-Identifier: Apache-2.0
// The pipe through which the agent says what it is about to become.
#pragma once

#include <linux/limits.h>

#include <array>
#include <cstddef>
#include <string_view>

namespace muster::init {

/// What CMD has become. `none`: the agent in its gates, or a program that is no agent at all.
enum class Role { none, leader, follower };

/// "leader", "follower", "none".
const char* role_name(Role role);

/// The line `leader STATUS-FILE` or `follower [LEAVING-MARKER]`, without its newline. Anything
/// else is Role::none. `path` leads into `line`.
struct RoleLine {
    Role role = Role::none;
    std::string_view path;
};
RoleLine parse_role(std::string_view line);

/// One pipe a life. The write end is inherited by CMD; this end is close-on-exec and non-blocking.
class RolePipe {
  public:
    RolePipe() = default;
    RolePipe(const RolePipe&) = delete;
    RolePipe& operator=(const RolePipe&) = delete;
    ~RolePipe() { close(); }

    /// Makes a new pipe and forgets the last life. Returns 0 or errno.
    int open();
    /// The descriptor that CMD inherits; -1 without a pipe.
    int write_end() const { return write_end_; }
    /// To be called once CMD has been spawned.
    void close_write_end();
    /// What to poll for POLLIN; -1 after the end of file.
    int read_end() const { return read_end_; }
    /// Takes what is there, without blocking. True when the role has just become known.
    bool read();
    /// Ends the conversation; role and path stay.
    void close();

    Role role() const { return role_; }
    /// The leader's status file or the follower's marker; "" when the line had none.
    const char* path() const { return path_.data(); }

  private:
    bool take_line();

    int read_end_ = -1;
    int write_end_ = -1;
    Role role_ = Role::none;
    bool deaf_ = false;  ///< the first line was no role line: whatever follows is not for us
    std::size_t size_ = 0;
    std::array<char, PATH_MAX + 16> text_{};
    std::array<char, PATH_MAX> path_{};
};

}  // namespace muster::init
