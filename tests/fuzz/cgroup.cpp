// SPDX-License-Identifier: Apache-2.0
#include "cgroup.hpp"

#include "target.hpp"

using namespace muster;

/// The input as both files of /proc: a walk upward from what is found always ends.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = fuzz::text_of(data, size);
    for (const auto& mount : resources::parse_mounts(text)) {
        const auto cgroup = resources::parse_cgroup(text, mount.version);
        if (!cgroup) continue;
        std::string path = resources::below(*cgroup, mount.root);
        while (!path.empty()) {
            MUSTER_ASSERT(path.front() == '/');
            path.resize(path.rfind('/'));
        }
    }
    MUSTER_ASSERT(!resources::split_at_blanks(text).empty());
    return 0;
}
