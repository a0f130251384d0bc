// SPDX-License-Identifier: Apache-2.0
#include "muster/curve/z85.hpp"

#include <zmq.h>

#include "target.hpp"

using namespace muster;

/// The input as text: libzmq decides alike and decodes alike. The input as bytes: both ways.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(fuzz::text_of(data, size));
    const auto decoded = curve::z85_decode(text);
    if (text.find('\0') == std::string::npos) {  // where a C string would end
        std::vector<std::uint8_t> expected(text.size() + 4);
        const bool is_valid = zmq_z85_decode(expected.data(), text.c_str()) != nullptr;
        MUSTER_ASSERT(decoded.has_value() == is_valid);
        expected.resize(text.size() / 5 * 4);
        MUSTER_ASSERT(!is_valid || *decoded == expected);
    }
    if (decoded) MUSTER_ASSERT(curve::z85_encode(*decoded) == text);

    const std::vector<std::uint8_t> bytes(data, data + size / 4 * 4);
    if (bytes.empty()) return 0;
    const auto again = curve::z85_decode(curve::z85_encode(bytes));
    MUSTER_ASSERT(again.has_value() && *again == bytes);
    return 0;
}
