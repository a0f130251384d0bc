// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace muster::kube {

/// Cuts a stream of bytes into lines, wherever it was cut before. Only the unfinished line is kept:
/// a watch sends one event a line, and nothing is looked at twice.
class LineSplitter {
  public:
    explicit LineSplitter(std::size_t longest) : longest_(longest) {}

    /// Calls `line` with each line that `data` completes, without its newline; empty ones are left
    /// out. A `line` that returns false ends it, and so does a line longer than `longest`: false.
    bool feed(std::string_view data, const std::function<bool(std::string_view)>& line);

    /// Whether a line is unfinished.
    bool has_tail() const { return !tail_.empty(); }

  private:
    std::size_t longest_;
    std::string tail_;
};

}  // namespace muster::kube
