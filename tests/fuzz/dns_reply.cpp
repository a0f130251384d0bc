// SPDX-License-Identifier: Apache-2.0
// Replies of a name server, of any bytes, to each kind of question: what is said to be an answer
// has one, and no name or address in it is odd.
#include "dns_message.hpp"
#include "target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace muster::discovery;
    for (const auto type : {Type::a, Type::aaaa, Type::srv, Type::ptr, static_cast<Type>(65280)}) {
        const auto reply = parse_reply({data, size}, {.name = "m-0.flux.", .type = type});
        const bool has_content = !reply.addresses.empty() || !reply.names.empty();
        if (type != static_cast<Type>(65280))
            MUSTER_ASSERT((reply.outcome == Reply::Outcome::answered) == has_content);
        MUSTER_ASSERT(!reply.text.empty());
        for (const auto& address : reply.addresses)
            MUSTER_ASSERT(!reverse_name(address.text).empty() && address.ttl <= 0x7fffffff);
        for (const auto& name : reply.names) {
            MUSTER_ASSERT(name.ends_with('.'));
            for (const char letter : name) MUSTER_ASSERT(letter > ' ' && letter < 0x7f);
        }
    }
    static_cast<void>(is_edns_refused({data, size}));
    return 0;
}
