// SPDX-License-Identifier: Apache-2.0
#include "muster/local/lines.hpp"

namespace muster::local {

void LineSplitter::feed(std::string_view data, const Handler& handler) {
    while (!data.empty()) {
        const std::size_t room = limit_ - tail_.size();
        const std::size_t newline = data.find('\n');
        const bool ends = newline != std::string_view::npos && newline <= room;
        if (!ends && data.size() < room) {
            tail_.append(data);
            return;
        }
        const std::string_view piece = data.substr(0, ends ? newline : room);
        data.remove_prefix(piece.size() + (ends ? 1 : 0));
        if (tail_.empty()) {
            handler(piece);
            continue;
        }
        tail_.append(piece);
        handler(tail_);
        tail_.clear();
    }
}

void LineSplitter::finish(const Handler& handler) {
    if (tail_.empty()) return;
    handler(tail_);
    tail_.clear();
    tail_.shrink_to_fit();
}

}  // namespace muster::local
