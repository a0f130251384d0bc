// SPDX-License-Identifier: Apache-2.0
// Feeds every file of the directories (or every file) that are its arguments to a fuzz target,
// once. Without a single input it fails: an empty corpus tests nothing.
#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <vector>

#include "target.hpp"

namespace {

std::vector<std::filesystem::path> inputs_of(const std::filesystem::path& place) {
    std::vector<std::filesystem::path> inputs;
    if (!std::filesystem::is_directory(place)) return {place};
    for (const auto& entry : std::filesystem::recursive_directory_iterator(place))
        if (entry.is_regular_file()) inputs.push_back(entry.path());
    std::ranges::sort(inputs);
    return inputs;
}

}  // namespace

int main(int argc, char** argv) {
    std::size_t count = 0;
    for (const char* argument : std::span(argv, static_cast<std::size_t>(argc)).subspan(1))
        for (const auto& path : inputs_of(argument)) {
            std::ifstream file(path, std::ios::binary);
            if (!file) {
                fmt::print(stderr, "replay: cannot read {}\n", path.string());
                return 1;
            }
            const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
            // Printed before, so that the input is named when the target ends the process.
            fmt::print("{} ({} bytes)\n", path.string(), bytes.size());
            std::fflush(stdout);
            const void* data = bytes.data();
            LLVMFuzzerTestOneInput(static_cast<const std::uint8_t*>(data), bytes.size());
            ++count;
        }
    fmt::print("{} inputs\n", count);
    return count > 0 ? 0 : 1;
}
