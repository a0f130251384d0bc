// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/hostlist.hpp"
#include "muster/base/idset.hpp"
#include "muster/json.hpp"

namespace muster::rehearsal {

/// A line of `flux resource list`, `status` or `drain`: what some ranks have in common.
struct ResourceRow {
    std::string state;
    bool up = true;
    Idset ranks = {};
    Hostlist hosts = {};
    std::int64_t cores = 0;
    std::string reason = {};
    double since = 0.0;  ///< seconds since the epoch; 0: nothing to say
};

enum class ResourceView { list, status, drain };

/// The lines of a view, from the leader's answer to topic::resources. With `by_reason` drained
/// ranks share a line only if their reasons and times are the same.
std::vector<ResourceRow> resource_rows(ResourceView view, const json::Value& answer,
                                       bool by_reason);

/// Whether `format` shows what makes lines differ by reason.
bool mentions_reason(std::string_view format);

/// The default format of a view, as Flux 0.88 has it.
std::string format_default(ResourceView view, const std::vector<ResourceRow>& rows, bool header);

/// Python's format strings as far as "{field}" goes: state, up, nnodes, ncores, ngpus, ranks,
/// nodelist, reason, timestamp. Errors: usage, naming the field.
Result<std::string> format_custom(std::string_view format, const std::vector<ResourceRow>& rows,
                                  bool header);

}  // namespace muster::rehearsal
