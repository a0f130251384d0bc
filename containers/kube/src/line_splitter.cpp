// SPDX-License-Identifier: Apache-2.0
#include "line_splitter.hpp"

#include <utility>

namespace muster::kube {

bool LineSplitter::feed(std::string_view data, const std::function<bool(std::string_view)>& line) {
    for (std::size_t end; (end = data.find('\n')) != std::string_view::npos;
         data.remove_prefix(end + 1)) {
        if (tail_.size() + end > longest_) return false;
        if (tail_.empty()) {
            if (end != 0 && !line(data.substr(0, end))) return false;
        } else {
            const std::string whole = std::exchange(tail_, {}).append(data.substr(0, end));
            if (!line(whole)) return false;
        }
    }
    if (tail_.size() + data.size() > longest_) return false;
    tail_.append(data);
    return true;
}

}  // namespace muster::kube
