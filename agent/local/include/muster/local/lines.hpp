// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace muster::local {

/// Cuts a stream of bytes into lines. It keeps only the unfinished last line, and never more than
/// `limit` bytes: a longer line is handed out in pieces of that size, each as a line of its own.
class LineSplitter {
  public:
    using Handler = std::function<void(std::string_view line)>;  ///< without its newline

    explicit LineSplitter(std::size_t limit) : limit_(limit) {}

    void feed(std::string_view data, const Handler& handler);
    /// The stream has ended: hands out a last line that had no newline.
    void finish(const Handler& handler);

  private:
    std::size_t limit_;
    std::string tail_;
};

}  // namespace muster::local
