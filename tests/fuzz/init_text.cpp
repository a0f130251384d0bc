// SPDX-License-Identifier: Apache-2.0
#include <linux/limits.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "role.hpp"
#include "status_file.hpp"
#include "target.hpp"
#include "text.hpp"

using namespace muster;
using namespace muster::init;

namespace {

/// What a line of the role pipe may say, and that the pipe hears the same as the parser.
void check_role(std::string_view text) {
    const RoleLine line = parse_role(text);
    if (line.role != Role::none) {
        std::string again = role_name(line.role);
        if (!line.path.empty()) again += " " + std::string(line.path);
        MUSTER_ASSERT(again == text && line.path.size() < PATH_MAX);
        MUSTER_ASSERT(line.role == Role::follower || !line.path.empty());
    }
    RolePipe pipe;
    if (pipe.open() != 0) return;
    const std::string_view spoken = text.substr(0, 60'000);  // what a pipe holds
    const ssize_t written = write(pipe.write_end(), spoken.data(), spoken.size());
    MUSTER_ASSERT(written == static_cast<ssize_t>(spoken.size()));
    pipe.close_write_end();
    while (pipe.read_end() >= 0) pipe.read();
    const std::size_t end = spoken.find('\n');
    const bool is_line = end != std::string_view::npos && end < PATH_MAX + 16;
    const RoleLine first = is_line ? parse_role(spoken.substr(0, end)) : RoleLine{};
    MUSTER_ASSERT(pipe.role() == first.role && pipe.path() == first.path);
}

void check_end(std::string_view text) {
    const auto end = parse_end(text);
    if (!end) return;
    MUSTER_ASSERT(end->code() >= 0 && end->code() <= (end->by_signal ? 192 : 255));
    const std::string plain =
        (end->by_signal ? "signal " : "exit ") + std::to_string(end->number) + "\n";
    MUSTER_ASSERT(text.size() >= plain.size());  // leading zeros only
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = fuzz::text_of(data, size);
    check_role(text);
    check_end(text);
    if (const auto duration = parse_duration(text)) {
        MUSTER_ASSERT(duration->count() >= 1 && duration->count() <= 7L * 86'400'000);
    }
    if (const auto number = parse_number(text, 255)) {
        MUSTER_ASSERT(*number >= 0 && *number <= 255);
    }
    const Line line = Line() << text;
    MUSTER_ASSERT(line.view() == text.substr(0, std::min<std::size_t>(text.size(), 1023)));
    return 0;
}
