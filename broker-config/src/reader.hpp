// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/result.hpp"
#include "value.hpp"

namespace muster::broker_config {

/// "FILE:LINE: KEY: reason", with as much of FILE and LINE as is known.
tl::unexpected<Error> refuse(const Place& place, std::string_view key, std::string_view reason);

/// Reads the keys of one table with the checks of jansson's json_unpack, which is how Flux reads
/// its configuration, and with its words. The first thing that is wrong is kept; everything after
/// it reads as absent. Ask for keys in Flux's order, then call finish() or
/// finish_ignoring_others().
class TableReader {
  public:
    /// `value` outlives the reader; `path` is the dotted key of the table, for errors.
    TableReader(const Value& value, std::string path);

    std::optional<std::string> string(std::string_view key);
    std::optional<std::int64_t> integer(std::string_view key);
    std::optional<bool> boolean(std::string_view key);
    /// A string that must be an RFC 23 duration.
    std::optional<std::string> duration(std::string_view key);
    /// A value whose type the caller checks.
    const Value* any(std::string_view key);
    /// As string(), but the key must be there.
    std::string required_string(std::string_view key);

    /// Refuses what `key` (or, when it is empty or absent, the table itself) says.
    void fail(std::string_view key, std::string_view reason);
    /// As fail(), for two keys that do not go together: names the one that a file holds.
    void fail_either(std::string_view key, std::string_view other, std::string_view reason);
    bool failed() const { return error_.has_value(); }

    /// The first error; otherwise an error if there are keys that nobody asked for.
    Result<void> finish();
    /// The first error.
    Result<void> finish_ignoring_others();

    const Value& value() const { return value_; }
    std::string path_of(std::string_view key) const;

  private:
    const Value* take(std::string_view key);
    void expect(const Value& value, std::string_view key, std::string_view type);

    const Value& value_;
    std::string path_;
    std::vector<std::string_view> known_;
    std::optional<Error> error_;
};

/// The strings of an array; nothing when `value` is no array or holds anything else.
std::optional<std::vector<std::string>> strings_of(const Value& value);

}  // namespace muster::broker_config
