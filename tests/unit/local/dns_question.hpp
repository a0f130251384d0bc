// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace muster::local::test {

using Bytes = std::vector<std::uint8_t>;

inline void put16(Bytes& out, unsigned value) {
    out.push_back(static_cast<std::uint8_t>(value >> 8));
    out.push_back(static_cast<std::uint8_t>(value));
}

inline unsigned at16(const Bytes& bytes, std::size_t at) {
    return static_cast<unsigned>(bytes.at(at) << 8 | bytes.at(at + 1));
}

struct Ask {
    std::string_view name;
    unsigned type = 1;
    unsigned class_code = 1;
    unsigned flags = 0x0100;  // RD
    bool edns = false;
    unsigned edns_version = 0;
    unsigned edns_flags = 0;
    unsigned id = 0x1234;
};

/// A query as RFC 1035 and 6891 write it, made without the code under test.
inline Bytes question(const Ask& ask) {
    Bytes out;
    for (const unsigned field : {ask.id, ask.flags, 1u, 0u, 0u, ask.edns ? 1u : 0u})
        put16(out, field);
    std::string_view rest = ask.name;
    while (!rest.empty()) {
        const std::size_t end = rest.find('.');
        const std::string_view label = rest.substr(0, end);
        out.push_back(static_cast<std::uint8_t>(label.size()));
        out.insert(out.end(), label.begin(), label.end());
        rest = end == std::string_view::npos ? "" : rest.substr(end + 1);
    }
    out.push_back(0);
    put16(out, ask.type);
    put16(out, ask.class_code);
    if (ask.edns) {
        out.push_back(0);
        for (const unsigned field : {41u, 1232u, ask.edns_version, ask.edns_flags, 0u})
            put16(out, field);
    }
    return out;
}

}  // namespace muster::local::test
