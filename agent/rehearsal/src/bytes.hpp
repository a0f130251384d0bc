// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "muster/json.hpp"

namespace muster::rehearsal {

/// RFC 4648 base64 with padding.
std::string encode_base64(std::string_view bytes);
/// Errors: malformed.
Result<std::string> decode_base64(std::string_view text);

/// Any bytes as a JSON value: a string where they are UTF-8 without NUL, {"base64": "..."} where
/// not. An argument vector must arrive byte for byte, and JSON carries text only.
json::Value encode_bytes(std::string_view bytes);
/// Errors: malformed.
Result<std::string> decode_bytes(const json::Value& value);

json::Value encode_strings(const std::vector<std::string>& strings);
/// Errors: malformed.
Result<std::vector<std::string>> decode_strings(const json::Value& value);

}  // namespace muster::rehearsal
