// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include "line_splitter.hpp"
#include "target.hpp"

using namespace muster;

namespace {

struct Heard {
    std::vector<std::string> lines;
    bool is_whole = true;
    bool has_tail = false;
};

/// Feeds `text` in pieces of the sizes in `cuts`, again and again; whole where there are none.
Heard hear(std::string_view text, std::string_view cuts) {
    kube::LineSplitter splitter(64);
    Heard heard;
    for (std::size_t i = 0; !text.empty() && heard.is_whole; ++i) {
        const auto size =
            cuts.empty() ? text.size() : static_cast<unsigned char>(cuts[i % cuts.size()]) % 9u + 1;
        heard.is_whole = splitter.feed(text.substr(0, size), [&](std::string_view line) {
            heard.lines.emplace_back(line);
            return true;
        });
        text.remove_prefix(std::min(size, text.size()));
    }
    heard.has_tail = splitter.has_tail();
    return heard;
}

}  // namespace

/// Wherever a watch is cut, it says the same; no line has a newline, is empty or is too long. The
/// first byte is the number of cuts, which come next.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto input = fuzz::text_of(data, size);
    if (input.empty()) return 0;
    const auto cuts = input.substr(1, static_cast<unsigned char>(input[0]) % 16u);
    const auto text = input.substr(1 + cuts.size());
    const auto whole = hear(text, "");
    const auto pieces = hear(text, cuts);
    MUSTER_ASSERT(whole.lines == pieces.lines && whole.is_whole == pieces.is_whole);
    MUSTER_ASSERT(!whole.is_whole || whole.has_tail == pieces.has_tail);
    for (const auto& line : pieces.lines)
        MUSTER_ASSERT(!line.empty() && line.size() <= 64 && line.find('\n') == std::string::npos);
    return 0;
}
