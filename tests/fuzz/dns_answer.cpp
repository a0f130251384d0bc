// SPDX-License-Identifier: Apache-2.0
// `muster up`'s name server, fed with anything: it answers within 512 bytes or not at all, and
// never to what is an answer itself.
#include <cstddef>
#include <cstdint>
#include <span>

#include "muster/local/dns_answer.hpp"
#include "target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const muster::local::Zone zone{.domain = "up.muster.internal",
                                   .stem = "up-",
                                   .server = 0x7f400001,
                                   .addresses = {0x7f400002, 0x7f400003}};
    const std::span<const std::uint8_t> message(data, size);
    const auto reply = muster::local::answer(zone, message);
    if (reply.empty()) return 0;
    MUSTER_ASSERT(size >= 12 && (message[2] & 0x80) == 0);
    MUSTER_ASSERT(reply.size() >= 12 && reply.size() <= muster::local::largest_answer);
    MUSTER_ASSERT(reply[0] == message[0] && reply[1] == message[1] && (reply[2] & 0x80) != 0);
    MUSTER_ASSERT(muster::local::answer(zone, reply).empty());
    return 0;
}
