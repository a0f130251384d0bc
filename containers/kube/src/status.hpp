// SPDX-License-Identifier: Apache-2.0
// Failures out of what the server says.
#pragma once

#include <string>
#include <string_view>

#include "muster/kube/api_server.hpp"

namespace muster::kube {

/// Of a Status object (Kubernetes API, meta/v1); `code` is taken from it where it is 0.
Failure read_status(const Request& request, int code, const json::Value& status);
/// Of a failing answer's body, whatever that is.
Failure read_refusal(const Request& request, int code, std::string_view body);
/// Retry-After in seconds (RFC 9110, 10.2.3); dates, which API servers do not send, are nothing.
std::optional<Duration> parse_retry_after(std::string_view text);

}  // namespace muster::kube
