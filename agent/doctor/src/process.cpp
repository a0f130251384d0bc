// SPDX-License-Identifier: Apache-2.0
#include "muster/doctor/process.hpp"

#include <charconv>
#include <string>

#include "muster/base/fd.hpp"

namespace muster::doctor {

ProcessLook look_at_process(pid_t pid) {
    ProcessLook look;
    const auto stat = read_file(fmt::format("/proc/{}/stat", pid), 4096);
    if (!stat) return look;
    const auto name_end = stat->rfind(')');  // the name may hold anything
    if (name_end == std::string::npos || name_end + 2 >= stat->size()) return look;
    look.state = (*stat)[name_end + 2];
    std::size_t at = name_end;
    for (int field = 2; field < 14 && at != std::string::npos; ++field)
        at = stat->find(' ', at + 1);
    for (int field = 14; field <= 15 && at != std::string::npos; ++field) {
        std::uint64_t ticks = 0;
        std::from_chars(stat->data() + at + 1, stat->data() + stat->size(), ticks);
        look.ticks += ticks;
        at = stat->find(' ', at + 1);
    }
    return look;
}

bool seems_hung(const ProcessLook& before, const ProcessLook& after) {
    if (before.state == 0 || after.state == 0) return false;
    if (before.ticks != after.ticks) return false;
    return after.state == 'S' || after.state == 'T' || after.state == 't';
}

}  // namespace muster::doctor
