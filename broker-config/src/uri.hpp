// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "muster/base/result.hpp"

namespace muster::broker_config {

/// `pattern` with %h replaced by `host`, %p by `port` and %% by a percent sign; any other % is
/// kept. Errors: config, when it would be longer than Flux's 2048 bytes or needs a port that is not
/// given. The caller names the key.
Result<std::string> expand_uri(std::string_view pattern, std::string_view host,
                               std::optional<std::uint16_t> port);

/// Errors: config, with Flux's reason, unless `uri` is tcp://ADDRESS or ipc://PATH without a port
/// wildcard.
Result<void> check_uri(std::string_view uri);

/// Errors: config, with Flux's reason, unless `name` is an RFC 1035 domain name.
Result<void> check_domain_name(std::string_view name);

}  // namespace muster::broker_config
